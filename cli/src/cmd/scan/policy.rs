//! Policy files: which names are allowed, trusted and denied, which limits hold, which known files are accepted.
//!
//! ```toml
//! version = 1
//! extends = ["std", "numpy"]      # tables that count as proof; all without it
//! default = "unknown"             # or "deny"
//! fail-on = "suspicious"
//! [allow]                         # exact names
//! "myapp.models" = ["User", { name = "load", effect = "pure" }]
//! [trust]                         # classes of a library, by pattern: trusted, not proved
//! classes = ["sklearn.*"]
//! [deny]
//! modules = ["ctypes"]
//! "torch.storage" = ["_load_from_bytes"]
//! [limits]
//! depth = 10000
//! expanded = "8GiB"
//! [[accept]]                      # one known file
//! sha256 = "..."
//! rule = "PK203"
//! reason = "read by hand"
//! expires = 2027-06-30
//! ```

use crate::Failure;
use pickle_core::verdict::{GlobalEffect, GlobalRows, Rule};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use toml::Value;

/// A finding of one known file that is accepted.
#[derive(Clone, Debug)]
pub struct Accept {
    /// Of the whole file, in small letters.
    pub sha256: String,
    /// The rule, such as `PK203`.
    pub rule: String,
    /// Why, for the report.
    pub reason: String,
    /// Last day, as `YYYY-MM-DD`, that it holds.
    pub expires: Option<String>,
}

impl Accept {
    /// The last day is over.
    pub fn is_over(&self) -> bool {
        self.expires.as_ref().is_some_and(|day| *day < today())
    }
}

/// What a policy file and the options say.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    rows: GlobalRows,
    /// The sha256 of the file.
    pub digest: Option<String>,
    /// `fail-on`, as the option.
    pub fail_on: Option<String>,
    /// Values that may be open at the same time.
    pub depth: Option<usize>,
    /// Opcodes of one stream.
    pub ops: Option<u64>,
    /// Bytes of pickles of one file, unpacked.
    pub expanded: Option<u64>,
    /// Containers in containers.
    pub nested: Option<usize>,
    /// Known files.
    pub accept: Vec<Accept>,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or says what this version does not know.
    pub fn read(path: &Path) -> Result<Policy, Failure> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| Failure::Input { name: name.clone(), source })?;
        let mut policy = Policy::parse(&text).map_err(|text| Failure::Refused { name, text })?;
        policy.digest = Some(hex(&Sha256::digest(text.as_bytes())));
        Ok(policy)
    }

    /// Takes a policy out of its text; the error says what is wrong.
    fn parse(text: &str) -> Result<Policy, String> {
        let file: toml::Table = text.parse().map_err(|error| format!("not a policy: {error}"))?;
        let mut policy = Policy::default();
        match file.get("version").and_then(Value::as_integer) {
            Some(1) => {}
            _ => return Err("a policy begins with version = 1".into()),
        }
        for (key, value) in &file {
            match (key.as_str(), value) {
                ("version", _) => {}
                ("extends", Value::Array(names)) => {
                    policy.add("", "extends", GlobalEffect::Pure)?;
                    for name in names {
                        let name = string(name, "extends")?;
                        if !["std", "numpy", "pandas", "sklearn", "torch", "more"].contains(&name) {
                            return Err(format!("extends: there is no table {name}"));
                        }
                        policy.add("", &format!("extends:{name}"), GlobalEffect::Pure)?;
                    }
                }
                ("default", Value::String(word)) if word == "unknown" => {}
                ("default", Value::String(word)) if word == "deny" => {
                    policy.add("", "default:deny", GlobalEffect::Pure)?
                }
                ("fail-on", Value::String(word)) if ["unknown", "suspicious", "dangerous"].contains(&word.as_str()) => {
                    policy.fail_on = Some(word.clone());
                }
                ("allow", Value::Table(modules)) => policy.allow(modules)?,
                ("trust", Value::Table(trust)) => policy.trust(trust)?,
                ("deny", Value::Table(modules)) => policy.deny(modules)?,
                ("limits", Value::Table(limits)) => policy.limits(limits)?,
                ("accept", Value::Array(files)) => {
                    for file in files {
                        policy.accept.push(accept(file)?);
                    }
                }
                _ => return Err(format!("{key} is not known here, or has another form")),
            }
        }
        Ok(policy)
    }

    fn add(&mut self, module: &str, name: &str, row: GlobalEffect) -> Result<(), String> {
        let fits = self.rows.insert(module, name, row);
        if fits { Ok(()) } else { Err(format!("{module}.{name}: the name is empty or too long")) }
    }

    fn allow(&mut self, modules: &toml::Table) -> Result<(), String> {
        for (module, names) in modules {
            for name in names.as_array().ok_or_else(|| format!("allow.{module} is not a list"))? {
                match name {
                    Value::String(name) => self.add(module, name, GlobalEffect::New)?,
                    Value::Table(entry) => {
                        let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
                        let effect = match entry.get("effect").and_then(Value::as_str).unwrap_or("new") {
                            "new" => GlobalEffect::New,
                            "pure" => GlobalEffect::Pure,
                            "held" => GlobalEffect::Held,
                            word => return Err(format!("{module}.{name}: the effect {word} is not new, pure or held")),
                        };
                        self.add(module, name, effect)?;
                    }
                    _ => return Err(format!("allow.{module}: a name, or a table of name and effect")),
                }
            }
        }
        Ok(())
    }

    fn trust(&mut self, trust: &toml::Table) -> Result<(), String> {
        for (key, patterns) in trust {
            let patterns = patterns.as_array().filter(|_| key == "classes").ok_or("trust has classes only, a list")?;
            for pattern in patterns {
                let pattern = string(pattern, "trust.classes")?;
                let module = pattern.strip_suffix(".*").filter(|module| !module.is_empty() && !module.contains('*'));
                let module = module.ok_or_else(|| format!("{pattern}: a pattern of trust is MODULE.*"))?;
                self.add(module, "*C", GlobalEffect::New)?;
            }
        }
        Ok(())
    }

    fn deny(&mut self, modules: &toml::Table) -> Result<(), String> {
        for (module, names) in modules {
            for name in names.as_array().ok_or_else(|| format!("deny.{module} is not a list"))? {
                let name = string(name, "deny")?;
                match module.as_str() {
                    "modules" => self.add(name, "*", GlobalEffect::Denied)?,
                    module => self.add(module, name, GlobalEffect::Denied)?,
                }
            }
        }
        Ok(())
    }

    fn limits(&mut self, limits: &toml::Table) -> Result<(), String> {
        for (key, value) in limits {
            let number = match value {
                Value::Integer(number) => u64::try_from(*number).ok(),
                Value::String(text) => size(text),
                _ => None,
            };
            let number = number.ok_or_else(|| format!("limits.{key} is not a number or size"))?;
            // 0 is no limit.
            let limit = Some(number).filter(|number| *number != 0);
            let count = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
            match key.as_str() {
                "ops" => self.ops = limit,
                "expanded" => self.expanded = limit,
                "depth" => self.depth = count.map(|count| count.min(16 << 20)),
                "nested" => self.nested = count,
                _ => return Err(format!("there is no limit {key}")),
            }
        }
        Ok(())
    }

    /// Adds what `--allow` names: `MODULE.NAME`, `MODULE:NAME`, `MODULE.*`, `ext:CODE`.
    ///
    /// # Errors
    /// [`Failure::Usage`] where a name has no module.
    pub fn allow_names(&mut self, names: &[String]) -> Result<(), Failure> {
        match names.iter().find(|name| !self.rows.allow(name)) {
            Some(name) => Err(Failure::Usage(format!("{name}: a global is written MODULE.NAME"))),
            None => Ok(()),
        }
    }

    /// Every pair that is allowed, with its module first.
    pub fn allowed(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rows = self.rows.iter().filter(|row| row.effect != GlobalEffect::Denied && !row.module.is_empty());
        rows.map(move |row| (text(row.module), text(row.name)))
    }

    /// The rows as a table of the core, also where there are none.
    pub fn compiled(&self) -> Vec<u8> {
        self.rows.to_table()
    }

    /// The same for a judge; empty where there are none.
    pub fn table(&self) -> Vec<u8> {
        if self.rows.is_empty() { Vec::new() } else { self.compiled() }
    }
}

fn accept(file: &Value) -> Result<Accept, String> {
    let table = file.as_table().ok_or("accept is a list of tables")?;
    for key in table.keys() {
        if !["sha256", "rule", "reason", "expires"].contains(&key.as_str()) {
            return Err(format!("accept: {key} is not known"));
        }
    }
    let get = |key: &str| table.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (sha256, rule, reason) = (get("sha256").to_ascii_lowercase(), get("rule"), get("reason"));
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("accept: sha256 is 64 digits".into());
    }
    if !Rule::ALL.iter().any(|known| known.id() == rule) {
        return Err(format!("accept: there is no rule {rule}"));
    }
    if reason.is_empty() {
        return Err("accept: a reason is wanted".into());
    }
    let expires = match table.get("expires") {
        None => None,
        Some(Value::Datetime(day)) => {
            let day = day.date.ok_or("accept: expires is a day")?;
            Some(format!("{:04}-{:02}-{:02}", day.year, day.month, day.day))
        }
        Some(_) => return Err("accept: expires is a day, such as 2027-06-30".into()),
    };
    Ok(Accept { sha256, rule, reason, expires })
}

fn string<'v>(value: &'v Value, what: &str) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| format!("{what}: a list of texts is wanted"))
}

/// `8GiB`, `100 MB`, `4096`.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let unit: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// Small letters.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let day = chrono::DateTime::from_timestamp(i64::try_from(seconds).unwrap_or(0), 0);
    day.map_or_else(String::new, |day| day.date_naive().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_whole_or_refused() {
        let text = r#"
            version = 1
            extends = ["std"]
            default = "deny"
            fail-on = "unknown"
            [allow]
            "myapp.models" = ["User", { name = "load", effect = "pure" }]
            [trust]
            classes = ["sklearn.*"]
            [deny]
            modules = ["ctypes"]
            "torch.storage" = ["_load_from_bytes"]
            [limits]
            ops = 0
            depth = 10
            expanded = "8GiB"
            [[accept]]
            sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
            rule = "PK203"
            reason = "read"
            expires = 2020-01-01
        "#;
        let policy = Policy::parse(text).unwrap();
        assert_eq!(policy.expanded, Some(8 << 30));
        assert_eq!((policy.ops, policy.depth), (None, Some(10)));
        assert!(policy.accept.iter().all(Accept::is_over));
        assert_eq!(policy.allowed().count(), 3);
        for (old, new) in [
            ("version = 1", "version = 2"),
            ("\"deny\"", "\"refuse\""),
            ("sklearn.*", "sklearn*"),
            ("\"std\"", "\"stdlib\""),
            ("8GiB", "8 elephants"),
            ("\"pure\"", "\"exec\""),
            ("PK203", "PK999"),
            ("ops = 0", "operations = 0"),
            ("reason = \"read\"", ""),
        ] {
            assert!(Policy::parse(&text.replace(old, new)).is_err(), "{new}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("4096"), Some(4096));
        assert_eq!(size("2 MiB"), Some(2 << 20));
        assert_eq!(size("1kB"), Some(1000));
        assert_eq!(size("99999999999999999999GiB"), None);
        assert_eq!(size("x"), None);
    }
}
