//! Who the user is.

use super::super::{FILE_NAME, Section, entry, text};
use super::Typed;
use crate::storescu::{TypedIdentity, TypedPasscode};

const IDENTITY_GROUP: &str = "user-identity";
const PASSCODE: &str = "user-passcode";

const WITH_USER: &[&str] = &["--user"];

pub(super) static IDENTITY: Section<Typed> = Section {
    title: "user identity",
    entries: &[
        entry(
            "--user",
            "tell the peer a user name",
            "Tells the peer this user name, in UTF-8. Whether a peer looks at it is its own \
             business; many don't.",
        )
        .short("-usr")
        .group(IDENTITY_GROUP)
        .takes(&[text("name")])
        .works(|typed, values| {
            typed.identity = Some(TypedIdentity::User(values[0].text().to_owned()));
        }),
        entry(
            "--password",
            "tell the peer a password too",
            "Tells the peer this password together with the user name. It crosses the network as \
             it is, and other users of this machine can see it in the list of processes.",
        )
        .short("-pwd")
        .group(PASSCODE)
        .takes(&[text("password")])
        .requires(WITH_USER)
        .works(|typed, values| {
            typed.passcode = Some(TypedPasscode::Word(values[0].text().to_owned()));
        }),
        entry(
            "--empty-password",
            "tell the peer an empty password",
            "Tells the peer an empty password together with the user name.",
        )
        .short("-epw")
        .group(PASSCODE)
        .requires(WITH_USER)
        .works(|typed, _| typed.passcode = Some(TypedPasscode::Empty)),
        entry(
            "--kerberos",
            "show the peer a Kerberos ticket",
            "Shows the peer the Kerberos service ticket of this file.",
        )
        .short("-kt")
        .group(IDENTITY_GROUP)
        .takes(&[FILE_NAME])
        .works(|typed, values| typed.identity = Some(TypedIdentity::Kerberos(values[0].path()))),
        entry(
            "--saml",
            "show the peer a SAML assertion",
            "Shows the peer the SAML assertion of this file.",
        )
        .group(IDENTITY_GROUP)
        .takes(&[FILE_NAME])
        .works(|typed, values| typed.identity = Some(TypedIdentity::Saml(values[0].path()))),
        entry(
            "--jwt",
            "show the peer a JSON web token",
            "Shows the peer the JSON web token of this file.",
        )
        .group(IDENTITY_GROUP)
        .takes(&[FILE_NAME])
        .works(|typed, values| typed.identity = Some(TypedIdentity::Jwt(values[0].path()))),
        entry(
            "--pos-response",
            "go on only if the peer accepts the identity",
            "Asks the peer to say that it accepts the user, and ends with exit code 1 where it \
             does not say so after a name, with or without a password.",
        )
        .short("-rsp")
        .requires(&["--user", "--kerberos", "--saml", "--jwt"])
        .works(|typed, _| typed.positive_response = true),
    ],
};
