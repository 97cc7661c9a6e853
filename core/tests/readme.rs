//! The Rust of the README, as it is printed there: it compiles with the features that the dependency line names, and runs.

use std::error::Error;

/// What stands between the marks of this file is what the README has.
#[test]
fn the_readme_has_these_blocks() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let printed: Vec<&str> = readme.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let own = include_str!("readme.rs");
    let tested: Vec<String> = own
        .split("    // README\n")
        .skip(1)
        .map(|rest| rest.split("    // end\n").next().unwrap())
        .map(|block| block.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect())
        .collect();
    assert_eq!(printed.len(), 4);
    for (printed, tested) in printed.iter().zip(&tested) {
        assert_eq!(*printed, tested);
    }
    assert_eq!(printed.len(), tested.len());
}

/// The features that the README has a user name are there, and are all that its blocks need.
#[test]
fn the_dependency_line() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let line =
        readme.lines().find(|line| line.starts_with("pickle-core = ")).expect("the README has a dependency line");
    let features: Vec<&str> = line.split('"').skip(1).step_by(2).filter(|text| *text != "core").collect();
    assert_eq!(features, ["std", "serde", "text-float"]);
    for feature in features {
        assert!(manifest.contains(&format!("\n{feature} = [")), "there is no feature {feature}");
    }
}

/// A pickle of what the blocks ask for: `{"rows": [.., .., .., {"temp": 21.5}]}`.
const MODEL: &[u8] = b"\x80\x04}\x8c\x04rows](NNN}\x8c\x04tempG\x40\x35\x80\0\0\0\0\0ses.";

#[rustfmt::skip]
fn document() -> Result<Option<f64>, Box<dyn Error>> {
    // README
    use pickle_core::{Heap, Options, Unpickler};

    let bytes = std::fs::read("model.pkl")?;
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(&bytes)?;                     // strings are borrowed from `bytes`
    let temp = document.find("$.rows[3].temp").and_then(|v| v.as_f64());
    for (key, value) in document.root().entries().into_iter().flatten() {
        println!("{key:?} is a {:?}", value.kind());
    }
    // end
    Ok(temp)
}

#[test]
fn the_first_example_runs() {
    let folder = std::env::temp_dir().join(format!("pickle-readme-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("model.pkl"), MODEL).unwrap();
    // No other test of this file looks at the folder that it runs in.
    std::env::set_current_dir(&folder).unwrap();
    assert_eq!(document().unwrap(), Some(21.5));
    std::env::set_current_dir(std::env::temp_dir()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[rustfmt::skip]
fn types(bytes: Vec<u8>) -> Result<(usize, u64, f64, String), Box<dyn Error>> {
    // README
    #[derive(serde::Deserialize)]
    struct Row<'a> { id: u64, temp: f64, name: &'a str }

    let rows: Vec<Row> = pickle_core::serde::from_slice(&bytes, Default::default())?;
    // end
    let Row { id, temp, name } = &rows[0];
    Ok((rows.len(), *id, *temp, name.to_string()))
}

#[test]
fn the_example_of_types_runs() {
    let rows = b"\x80\x04]}(\x8c\x02idK\x07\x8c\x04tempG\x40\x35\x80\0\0\0\0\0\x8c\x04name\x8c\x01aua.";
    assert_eq!(types(rows.to_vec()).unwrap(), (1, 7, 21.5, "a".to_string()));
}

#[rustfmt::skip]
fn written() -> Result<Vec<u8>, Box<dyn Error>> {
    // README
    use pickle_core::{Level, Pickler};

    let mut levels = [Level::EMPTY; 8];                          // four bytes for every container that is open
    let mut pickler = Pickler::new(Vec::new(), 4, &mut levels);
    pickler.begin_dict(None)?.str("id")?.int(7)?.str("samples")?.begin_list(None)?.int(1)?.int(2)?.end()?;
    pickler.end()?.finish()?;
    // end
    Ok(pickler.into_sink())
}

#[test]
fn the_example_of_writing_runs() {
    let bytes = written().unwrap();
    type Samples = (u8, Vec<u8>);
    #[derive(serde::Deserialize)]
    struct Row {
        id: u8,
        samples: Vec<u8>,
    }
    let Row { id, samples } = pickle_core::serde::from_slice(&bytes, Default::default()).unwrap();
    let read: Samples = (id, samples);
    assert_eq!(read, (7, vec![1, 2]));
}

/// A UART that has received `{"temp": 21.5}`.
struct Uart(std::vec::IntoIter<u8>);

impl Uart {
    fn read(&mut self) -> u8 {
        self.0.next().unwrap()
    }
}

#[rustfmt::skip]
fn firmware(mut uart: Uart) -> Result<Option<f64>, pickle_core::Error> {
    // README
    use pickle_core::{Node, Options, Status, Storage, Unpickler};

    let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 64], [Node::EMPTY; 16], [0; 128]);
    let mut unpickler = Unpickler::new(Storage::new(&mut nodes, &mut memo, &mut bytes), Options::new());
    while unpickler.feed(&mut &[uart.read()][..])? != Status::Done {}
    let temp = unpickler.finish()?.find("$.temp").and_then(|v| v.as_f64());
    // end
    Ok(temp)
}

#[test]
fn the_example_of_firmware_runs() {
    let pickle = b"\x80\x04}\x8c\x04tempG\x40\x35\x80\0\0\0\0\0s.".to_vec();
    assert_eq!(firmware(Uart(pickle.into_iter())).unwrap(), Some(21.5));
}
