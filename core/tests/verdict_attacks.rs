//! Small pickles of each way to attack, and harmless ones that look alike: `tests/data/verdicts.tsv`.
#![cfg(all(feature = "verdict-all", feature = "alloc"))]

use pickle_core::verdict::{Finding, Judge, Observer, Verdict, Workspace};

const ROWS: &str = include_str!("../../tests/data/verdicts.tsv");

#[derive(Default)]
struct Rules(Vec<&'static str>);

impl Observer for Rules {
    fn finding(&mut self, finding: &Finding<'_>) {
        self.0.push(finding.rule.id());
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn judge(workspace: &mut Workspace, bytes: &[u8], piece: usize) -> (Verdict, Vec<&'static str>) {
    let (mut judge, mut rules) = (Judge::new(workspace.memory()), Rules::default());
    for piece in bytes.chunks(piece) {
        judge.feed(piece, &mut rules);
    }
    (judge.finish(&mut rules).verdict, rules.0)
}

#[test]
fn each_way_to_attack_is_named() {
    let mut workspace = Workspace::new(1024, 1024);
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in ROWS.lines().filter(|line| !line.starts_with('#')) {
        let [kind, name, verdicts, wanted, hex] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let bytes = bytes_of(hex);
        let whole = judge(&mut workspace, &bytes, bytes.len());
        rows += 1;
        let is = format!("{:?}", whole.0).to_lowercase();
        let told = wanted == "-" || wanted.split('|').any(|rule| whole.1.contains(&rule));
        if !verdicts.split('|').any(|verdict| verdict == is) || !told || (is == "clean" && !whole.1.is_empty()) {
            wrong.push(format!("{kind} {name}: {is} {:?}, not {verdicts} {wanted}", whole.1));
        }
        for piece in [1, 2, 3, 7] {
            assert_eq!(judge(&mut workspace, &bytes, piece), whole, "{name} in pieces of {piece}");
        }
    }
    assert!(rows > 150, "{rows}");
    assert!(wrong.is_empty(), "{} are wrong: {wrong:#?}", wrong.len());
}
