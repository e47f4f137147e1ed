//! `.modinfo`: the `key=value` strings that say what a module is.

/// What `.modinfo` says, in file order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modinfo {
    entries: Vec<(Box<str>, Box<str>)>,
}

/// One module parameter as `.modinfo` describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name of the parameter.
    pub name: &'a str,
    /// The text of `MODULE_PARM_DESC`.
    pub description: Option<&'a str>,
    /// The type as `module_param` names it: `int`, `bool`, `charp`, `array of int`, …
    pub type_name: Option<&'a str>,
}

impl Modinfo {
    /// Splits the bytes of `.modinfo`. Strings end with NUL; runs of NUL are padding. A string without `=` is a key
    /// with an empty value, as nothing ever finds it.
    pub(crate) fn parse(bytes: &[u8]) -> Modinfo {
        let entries = bytes
            .split(|byte| *byte == 0)
            .filter(|string| !string.is_empty())
            .map(|string| {
                let text = String::from_utf8_lossy(string);
                let (key, value) = text.split_once('=').unwrap_or((&text, ""));
                (Box::from(key), Box::from(value))
            })
            .collect();
        Modinfo { entries }
    }

    /// Returns all pairs in file order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Returns the first value of `key`, which is the one Linux uses.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// Returns all values of `key` in file order.
    pub fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.iter().filter(move |(k, _)| *k == key).map(|(_, value)| value)
    }

    /// Returns the licence; Linux says `unspecified` if there is none.
    pub fn license(&self) -> Option<&str> {
        self.get("license")
    }

    /// Returns the kernel version and configuration that the module was built for.
    pub fn vermagic(&self) -> Option<&str> {
        self.get("vermagic")
    }

    /// Returns the name of the module.
    pub fn name(&self) -> Option<&str> {
        self.get("name")
    }

    /// Returns the modules that this one needs.
    pub fn depends(&self) -> impl Iterator<Item = &str> {
        self.get("depends").unwrap_or("").split(',').filter(|name| !name.is_empty())
    }

    /// Returns the parameters that `parm` and `parmtype` mention, in order of first mention.
    pub fn params(&self) -> Vec<Param<'_>> {
        let mut params: Vec<Param<'_>> = Vec::new();
        for (key, value) in self.iter() {
            if key != "parm" && key != "parmtype" {
                continue;
            }
            let Some((name, rest)) = value.split_once(':') else {
                continue;
            };
            let index = params.iter().position(|param| param.name == name).unwrap_or_else(|| {
                params.push(Param { name, description: None, type_name: None });
                params.len() - 1
            });
            let slot = match key {
                "parm" => &mut params[index].description,
                _ => &mut params[index].type_name,
            };
            slot.get_or_insert(rest);
        }
        params
    }
}

#[cfg(test)]
mod tests {
    use super::{Modinfo, Param};

    #[test]
    fn pairs_padding_and_repeats() {
        let info = Modinfo::parse(
            b"license=GPL\0\0\0author=A\0author=B <b@c>\0depends=x,y\0odd\0name=m\0vermagic=6.1.0 SMP \0k=a=b",
        );
        assert_eq!(info.license(), Some("GPL"));
        assert_eq!(info.name(), Some("m"));
        assert_eq!(info.vermagic(), Some("6.1.0 SMP "));
        assert_eq!(info.all("author").collect::<Vec<_>>(), ["A", "B <b@c>"]);
        assert_eq!(info.depends().collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(info.get("odd"), Some(""));
        assert_eq!(info.get("k"), Some("a=b"), "the last string may lack its NUL");
        assert_eq!(info.get("nothing"), None);
        assert_eq!(info.iter().count(), 8);
    }

    #[test]
    fn empty_section_has_no_pairs() {
        assert_eq!(Modinfo::parse(b"").iter().count(), 0);
        assert_eq!(Modinfo::parse(&[0; 64]).iter().count(), 0);
        assert_eq!(Modinfo::parse(b"depends=").depends().count(), 0);
    }

    #[test]
    fn params_join_type_and_description() {
        let info = Modinfo::parse(b"parmtype=n:int\0parm=s:a: b\0parm=n:how many\0parm=broken\0parmtype=s:charp\0");
        assert_eq!(
            info.params(),
            [
                Param { name: "n", description: Some("how many"), type_name: Some("int") },
                Param { name: "s", description: Some("a: b"), type_name: Some("charp") },
            ]
        );
    }
}
