//! Reports as a SARIF 2.1.0 log.

use super::{Reason, Report, rule_index};
use crate::Failure;
use pickle_core::verdict::{Rule, TABLES, Verdict};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Write;

/// Prints all reports as one log.
///
/// # Errors
/// The output cannot be written.
pub fn sarif(reports: &[Report], out: &mut dyn Write) -> Result<(), Failure> {
    let rules: Vec<_> = Rule::ALL
        .iter()
        .map(|rule| json!({"id": rule.id(), "shortDescription": {"text": rule.text()}, "properties": {"tags": [rule.group()]}}))
        .collect();
    let mut results = Vec::new();
    let mut notifications = Vec::new();
    for report in reports {
        results.extend(report.findings.iter().map(|reason| result(report, reason)));
        for limit in &report.limits {
            notifications.push(json!({
                "level": "warning", "message": {"text": limit},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(&report.path)}}}],
            }));
        }
    }
    let complete = reports.iter().all(|report| report.complete);
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "pickle scan", "version": env!("CARGO_PKG_VERSION"), "rules": rules,
                "properties": {"table": TABLES},
            }},
            "invocations": [{"executionSuccessful": complete, "toolExecutionNotifications": notifications}],
            "results": results,
        }],
    });
    writeln!(out, "{log:#}")?;
    Ok(())
}

fn result(report: &Report, reason: &Reason) -> Value {
    let level = match reason.verdict {
        Verdict::Dangerous | Verdict::Code => "error",
        Verdict::Suspicious | Verdict::Divergent => "warning",
        _ => "note",
    };
    let mut message = reason.message.clone();
    if !reason.chain.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(message, ": {}", reason.chain.join(" -> "));
    }
    let mut location = json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(&report.path)},
        "region": {"byteOffset": reason.offset, "byteLength": 1},
    }});
    if let (Value::Object(location), false) = (&mut location, reason.member.is_empty()) {
        location.insert("logicalLocations".into(), json!([{"fullyQualifiedName": reason.member, "kind": "member"}]));
    }
    let mut digest = Sha256::new();
    for part in [reason.rule, &reason.module, &reason.name, &report.path] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    let fingerprint = digest.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    json!({
        "ruleId": reason.rule, "ruleIndex": rule_index(reason.rule), "level": level, "message": {"text": message},
        "locations": [location], "partialFingerprints": {"global/v1": fingerprint},
        "properties": {"verdict": reason.verdict.name(), "capability": reason.capability, "args": reason.args},
    })
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    path.bytes().fold(String::new(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~') {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}
