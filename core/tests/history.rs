//! What a pickle made and changed, in the order of the stream.

use pickle_core::{Change, Heap, HistoryEntry, HistoryEvent, Options, Unpickler, Value};

fn text(value: Value<'_>) -> String {
    match (value.id(), value.as_i64(), value.as_str()) {
        (Some(id), ..) => format!("#{id}"),
        (_, Some(int), _) => int.to_string(),
        (_, _, Some(text)) => text.to_string(),
        _ => format!("{:?}", value.kind()),
    }
}

/// Every event in a line, and the changes of every value as it says they are.
fn events(pickle: &[u8]) -> Vec<String> {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(pickle).unwrap();
    let mut owners = vec![None; document.id_limit()];
    let mut lines = Vec::new();
    for HistoryEntry { index, event, .. } in document.history() {
        lines.push(match event {
            HistoryEvent::Made(value) => {
                assert_eq!(value.id(), Some(index));
                for change in value.changed_at() {
                    assert!(change > index && owners[change].is_none());
                    owners[change] = Some(index);
                }
                format!("{index} {:?}", value.kind())
            }
            HistoryEvent::Changed(change) => {
                let (name, items): (_, Vec<_>) = match change {
                    Change::Append(items) => ("append", items.map(text).collect()),
                    Change::SetItem(entries) => ("set", entries.flat_map(|(k, v)| [text(k), text(v)]).collect()),
                    Change::Add(items) => ("add", items.map(text).collect()),
                    Change::Build(value) => ("build", vec![text(value)]),
                    _ => ("other", vec![]),
                };
                format!("#{} {name} {}", owners[index].unwrap(), items.join(" "))
            }
            _ => String::new(),
        });
    }
    lines
}

#[test]
fn parts_come_before_what_they_are_parts_of() {
    // {'a': [1, (2, 3)], 'b': {4}}
    let pickle = b"\x80\x04}(\x8c\x01a](K\x01K\x02K\x03\x86e\x8c\x01b\x8f(K\x04\x90u.";
    let expected = ["0 Dict", "1 List", "2 Tuple", "#1 append 1 #2", "8 Set", "#8 append 4", "#0 append a #1 b #8"];
    assert_eq!(events(pickle), expected);
}

#[test]
fn a_tuple_that_holds_itself_by_way_of_a_list_comes_behind_the_list() {
    // t = ([t],): the tuple is made inside, and fetched again.
    assert_eq!(events(b"\x80\x02]q\x00h\x00\x85q\x01ah\x01."), ["0 List", "1 Tuple", "#0 append #1"]);
}

#[test]
fn objects_and_what_happened_to_them_also_when_dropped() {
    let pickle = b"cm\nC\n)\x81q\x00}X\x01\0\0\0kK\x05sb(K\x01K\x02eX\x01\0\0\0mX\x01\0\0\0C\x930h\0.";
    let lines = events(pickle);
    let expected = ["0 Object", "3 Dict", "#3 append k 5", "#0 build #3", "#0 append 1 2", "12 Global"];
    assert_eq!(lines, expected);
}

#[test]
fn many_batches_in_order() {
    let mut pickle = b"\x80\x02]".to_vec();
    for batch in 0..100u8 {
        pickle.push(b'(');
        for _ in 0..3 {
            pickle.extend([b']', b'K', batch, b'a']);
        }
        pickle.push(b'e');
    }
    pickle.push(b'.');
    let lines = events(&pickle);
    assert_eq!(lines.iter().filter(|line| line.starts_with("#0 append")).count(), 100);
    assert_eq!(lines.len(), 1 + 100 * 7);
}

#[test]
fn an_empty_document_has_no_events() {
    assert!(events(b"N.").is_empty());
    assert!(events(b"K\x01.").is_empty());
}
