//! The lines `key = value` of a configuration file, read as log4cplus reads them.

use std::collections::BTreeMap;

use super::complaints::Complaints;

/// How many variables one text may stand for, those in the values of others too: one that refers to
/// itself comes to its end here.
const EXPANSIONS_MAX: usize = 64;

/// How long a text may become by its variables, in bytes.
const EXPANDED_BYTES_MAX: usize = 16 * 1024;

/// A value, and the line it stands on; 0 for what no line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) value: String,
    pub(super) line: usize,
}

/// All values by their keys. Of a key that is there twice the last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Properties(BTreeMap<String, Property>);

impl Properties {
    /// The properties of a file. Lines without an equals sign and those behind a `#` say nothing.
    pub(super) fn parse(text: &str) -> Self {
        let mut properties = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start();
            if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
                properties.set(key.trim(), value.trim(), number + 1);
            }
        }
        properties
    }

    /// Sets a value, whatever there was.
    pub(super) fn set(&mut self, key: &str, value: &str, line: usize) {
        let value = value.to_owned();
        self.0.insert(key.to_owned(), Property { value, line });
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The property of this key.
    pub(super) fn get(&self, key: &str) -> Option<&Property> {
        self.0.get(key)
    }

    /// The value of this key.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.get(key).map(|property| &*property.value)
    }

    /// The value of this key as a truth; `None` where it is neither.
    pub(super) fn truth(&self, key: &str) -> Option<bool> {
        match &*self.value(key)?.to_ascii_lowercase() {
            "true" => Some(true),
            "false" => Some(false),
            number => number.parse::<i64>().ok().map(|number| number != 0),
        }
    }

    /// The value of this key as a number; `None` where it is none.
    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.value(key)?.parse().ok()
    }

    /// Keys and properties, in the order of the keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Property)> {
        self.0.iter().map(|(key, property)| (&**key, property))
    }

    /// Those whose keys begin so, with the rest of their keys.
    pub(super) fn below(&self, prefix: &str) -> Self {
        let rest = self.0.iter().filter_map(|(key, property)| {
            let key = key.strip_prefix(prefix)?;
            Some((key.to_owned(), property.clone()))
        });
        Self(rest.collect())
    }

    /// Puts values for `${name}` in keys and values: that of the property of this name, else that of
    /// the environment. One that is in neither stays as it is.
    pub(super) fn expand(
        &mut self,
        environment: impl Fn(&str) -> Option<String>,
        complaints: &mut Complaints,
    ) {
        let lookup = |name: &str| {
            let own = self.value(name).filter(|value| !value.is_empty());
            own.map(str::to_owned).or_else(|| environment(name))
        };
        let mut expanded = Self::default();
        for (key, Property { value, line }) in &self.0 {
            let [key, value] = [key, value].map(|text| {
                expand_text(text, lookup).unwrap_or_else(|why| {
                    complaints.add(*line, why);
                    text.clone()
                })
            });
            expanded.set(&key, &value, *line);
        }
        *self = expanded;
    }
}

/// A text with the values of its variables, and of those in them.
fn expand_text(
    text: &str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<String, &'static str> {
    let mut text = text.to_owned();
    let (mut from, mut count) = (0, 0);
    while let Some(start) = text[from..].find("${").map(|at| from + at) {
        let Some(end) = text[start..].find('}').map(|at| start + at) else {
            return Err("a variable has no closing brace");
        };
        let Some(value) = lookup(&text[start + 2..end]).filter(|value| !value.is_empty()) else {
            from = end + 1;
            continue;
        };
        count += 1;
        if count > EXPANSIONS_MAX || text.len() + value.len() > EXPANDED_BYTES_MAX {
            return Err("a variable stands for itself, or for too much");
        }
        text.replace_range(start..=end, &value);
        from = start;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> (Properties, Vec<String>) {
        let mut properties = Properties::parse(text);
        let mut complaints = Complaints::new("file");
        let environment = |name: &str| (name == "HOME").then(|| "/home".to_owned());
        properties.expand(environment, &mut complaints);
        (properties, complaints.into_lines())
    }

    #[test]
    fn lines_are_read_as_log4cplus_reads_them() {
        let properties =
            Properties::parse("# a = b\n\n  a.b =  c = d \r\n no sign\n=x\na.b= last\n");
        let expected: Vec<_> = properties
            .iter()
            .map(|(key, property)| (key, &*property.value, property.line))
            .collect();
        assert_eq!(expected, [("", "x", 5), ("a.b", "last", 6)]);
    }

    #[test]
    fn a_subset_has_the_rest_of_the_keys() {
        let properties = Properties::parse("x.a=1\nx.b.c=2\ny=3").below("x.");
        let keys: Vec<_> = properties.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "b.c"]);
    }

    #[test]
    fn variables_are_properties_first_then_the_environment_and_may_hold_others() {
        let (properties, complaints) =
            expanded("dir=${HOME}/logs\nname=x\n${name}.File=${dir}/${name}.log\nodd=${nope}$");
        assert_eq!(properties.value("x.File"), Some("/home/logs/x.log"));
        assert_eq!(properties.value("odd"), Some("${nope}$"));
        assert_eq!(complaints, [""; 0]);
    }

    #[test]
    fn a_variable_that_stands_for_itself_is_left_alone_and_its_line_named() {
        let (properties, complaints) = expanded("a=1\nb=${b}\nc=x${c}x\nd=${a");
        assert_eq!(properties.value("b"), Some("${b}"));
        assert_eq!(properties.value("c"), Some("x${c}x"));
        assert_eq!(complaints.len(), 3);
        assert!(complaints[0].contains("file:2: a variable stands for itself"));
        assert!(complaints[2].contains("file:4: a variable has no closing brace"));
    }

    #[test]
    fn truths_and_numbers_are_what_log4cplus_takes_for_them() {
        let properties = Properties::parse("a=TRUE\nb=0\nc=-2\nd=yes\ne=5x");
        let truths = ["a", "b", "c", "d", "none"].map(|key| properties.truth(key));
        assert_eq!(truths, [Some(true), Some(false), Some(true), None, None]);
        assert_eq!(
            (properties.number("c"), properties.number("e")),
            (Some(-2), None)
        );
    }
}
