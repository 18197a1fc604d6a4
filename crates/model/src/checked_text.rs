/// Makes a type of a text that a check accepts. Parsing and JSON go through the check, so that a value is
/// always a valid one.
///
/// ```
/// #[derive(Debug)]
/// pub struct Empty;
///
/// towpath_model::checked_text!(
///     /// Not empty.
///     pub Title, Empty, |text| if text.is_empty() { Err(Empty) } else { Ok(()) }
/// );
/// assert!("".parse::<Title>().is_err());
/// assert_eq!("Hello".parse::<Title>().unwrap().as_str(), "Hello");
/// # impl std::fmt::Display for Empty {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("empty") }
/// # }
/// ```
#[macro_export]
macro_rules! checked_text {
    ($(#[$meta:meta])* $visibility:vis $name:ident, $error:ty, $check:expr) => {
        $(#[$meta])*
        #[derive(
            Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        $visibility struct $name(String);

        impl $name {
            $visibility fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                let check: fn(&str) -> ::std::result::Result<(), $error> = $check;
                check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl ::std::convert::TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> ::std::result::Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl ::std::convert::From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}
