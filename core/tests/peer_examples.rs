//! What users of serde-pickle and deser-pickle write, with only the name of the crate changed.

use pickle_core::serde as serde_pickle;
use pickle_core::serde::defaults as deser_pickle;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[test]
fn serde_pickle_there_and_back() {
    let map = BTreeMap::from([("x".to_string(), 1.0), ("y".to_string(), 2.0)]);
    let pickled = serde_pickle::to_vec(&map, Default::default()).unwrap();
    // Its type is inferred, as in the README.
    let back = serde_pickle::from_slice(&pickled, Default::default()).unwrap();
    assert_eq!(map, back);
    let mut written = Vec::new();
    serde_pickle::to_writer(&mut written, &map, serde_pickle::SerOptions::new().proto_v2()).unwrap();
    let options = serde_pickle::DeOptions::new().decode_strings();
    let back: BTreeMap<String, f64> = serde_pickle::from_reader(written.as_slice(), options).unwrap();
    assert_eq!(map, back);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    user_id: u64,
    roles: Vec<String>,
}

#[test]
fn deser_pickle_there_and_back() {
    // pickle.dumps({"user_id": 42, "roles": ["admin"]}, 4)
    let input = b"\x80\x04\x95$\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x07user_id\x94K*\x8c\x05roles\x94]\x94\x8c\x05admin\x94au.";
    let session: Session = deser_pickle::from_slice(input).unwrap();
    assert_eq!(session.roles, ["admin"]);
    let output = deser_pickle::to_vec(&session).unwrap();
    assert_eq!(deser_pickle::from_slice::<Session>(&output).unwrap(), session);
    let mut written = Vec::new();
    deser_pickle::to_writer(&mut written, &session).unwrap();
    assert_eq!(written, output);
    assert_eq!(deser_pickle::from_reader::<_, Session>(written.as_slice()).unwrap(), session);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
}

#[test]
fn deser_pickle_keeps_the_class() {
    use deser_pickle::{Form, Global, Object};
    // pickle.dumps(User(name="Jane"), 4) with a class User of app
    let input = b"\x80\x04\x95%\0\0\0\0\0\0\0\x8c\x03app\x94\x8c\x04User\x94\x93\x94)\x81\x94}\x94\x8c\x04name\x94\x8c\x04Jane\x94sb.";
    let user: User = deser_pickle::from_slice(input).unwrap();
    assert_eq!(user.name, "Jane");
    let user: Object<User> = deser_pickle::from_slice(input).unwrap();
    assert_eq!(user.class, Some(Global::new("app", "User")));
    assert_eq!(user.form, Form::State);
    let again: Object<User> = deser_pickle::from_slice(&deser_pickle::to_vec(&user).unwrap()).unwrap();
    assert_eq!((again.class, again.value), (user.class, user.value));
}
