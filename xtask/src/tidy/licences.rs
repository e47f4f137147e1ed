//! Every dependency may be used under a licence of the list in `deny.toml`.
//!
//! `cargo deny check` reads the same list and knows more (advisories, duplicates); this needs nothing but cargo.

use super::Breaches;
use crate::sh;

pub(super) fn check() -> Result<Breaches, String> {
    let allowed = allowed(&sh::read("deny.toml")?);
    if allowed.is_empty() {
        return Err("deny.toml: no `allow = [` list of licences".into());
    }
    let metadata = sh::cargo(&["metadata", "--format-version", "1", "--locked"]).read()?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata without packages")?;
    let mut breaches = Breaches::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        match package["license"].as_str() {
            None => breaches.push(format!("{name}: says no licence")),
            Some(terms) if !permits(terms, &allowed) => {
                breaches.push(format!("{name}: `{terms}` is not allowed by deny.toml"));
            }
            Some(_) => {}
        }
    }
    Ok(breaches)
}

/// The quoted names between `allow = [` and `]`.
fn allowed(text: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| !line.starts_with("allow = [")).skip(1);
    let lines = lines.take_while(|line| !line.starts_with(']'));
    lines.filter_map(|line| Some(line.trim().strip_prefix('"')?.split('"').next()?.to_string())).collect()
}

/// Whether a licence expression can be met with the allowed licences. `/` is an old way to write OR.
fn permits(terms: &str, allowed: &[String]) -> bool {
    let spaced = terms.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ").replace(" WITH ", "+WITH+");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = any_of(&words, &mut at, allowed);
    met && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = all_of(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all_of(words, at, allowed);
    }
    met
}

fn all_of(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = single(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= single(words, at, allowed);
    }
    met
}

fn single(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word != "(" {
        return allowed.iter().any(|licence| *licence == word.replace("+WITH+", " WITH "));
    }
    let met = any_of(words, at, allowed);
    *at += 1;
    met && words.get(*at - 1) == Some(&")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_licence_expressions() {
        let allowed: Vec<String> = ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"].map(String::from).into();
        for good in
            ["MIT", "MIT/GPL-3.0", "GPL-3.0 OR MIT", "(MIT OR X) AND Unicode-3.0", "Apache-2.0 WITH LLVM-exception"]
        {
            assert!(permits(good, &allowed), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT", "", "MIT MIT", "Apache-2.0"] {
            assert!(!permits(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn reads_the_list() {
        assert_eq!(allowed("[licenses]\nallow = [\n    \"MIT\", # ours\n]\n\"X\"\n"), ["MIT"]);
    }
}
