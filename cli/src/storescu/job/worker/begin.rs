//! From a file to a C-STORE under way.

use std::sync::PoisonError;

use pdvault_engine::association::StoreRequest;
use pdvault_engine::association::proposal::{Choice, choose};
use pdvault_engine::dataset::{RewriteOptions, Tag};
use pdvault_engine::registry;
use pdvault_engine::value::Uid;

use super::super::convert::{Conversion, ConvertError};
use super::super::feed::Item;
use super::super::gather::can_be_proposed;
use super::super::invent::{Identity, attribute_name};
use super::super::ledger::Settled;
use super::super::object::{Object, ObjectError};
use super::super::outcome::bounded_reason;
use super::super::payload::ObjectPayload;
use super::super::stop::Ending;
use super::flight::{Flight, known, not_sent};
use super::{NOT_SENT, Worker};
use crate::requesting::Opened;

/// Priority medium (PS3.7 9.1.1).
const PRIORITY: u16 = 0;

/// A file that cannot be sent.
struct Unsendable {
    /// What the log says.
    log: String,
    /// What DCMTK calls it.
    condition: String,
    /// Why, in a few words.
    reason: String,
}

impl Worker<'_> {
    /// Begins to send a file. One that cannot be sent ends the job if failures do.
    pub(super) fn begin(&mut self, item: Item, association: &mut Opened<ObjectPayload>) {
        let Some(object) = self.take_up(&item) else {
            return;
        };
        let path = item.path.display().to_string();
        tracing::info!("Sending file: {path}");
        let identity = self.invent();
        match self.prepare(&path, &object, identity.as_ref(), association) {
            Ok((choice, payload)) => {
                let sop_instance = identity.map_or(object.sop_instance.clone(), |identity| {
                    identity.sop_instance
                });
                self.store(item, object, sop_instance, &choice, payload, association);
            }
            Err(unsendable) => self.refuse(known(&item.path, &object, ""), unsendable),
        }
    }

    /// Opens a file that this pass is to send. Of one that cannot be sent it is settled what became of it.
    pub(super) fn take_up(&mut self, item: &Item) -> Option<Object> {
        let path = item.path.display();
        match self.open_object(item) {
            Ok(object) if !self.shared.pass.is_for(&object.sop_class) => None,
            Ok(object) if self.was_told_of(item) && !can_be_proposed(&object.sop_class) => {
                let class = &object.sop_class;
                let why = format!("unknown storage SOP class {class}");
                self.settle_bad(known(&item.path, &object, &why));
                None
            }
            Ok(object) => Some(object),
            Err(error) if self.was_told_of(item) => {
                self.settle_bad(not_sent(&item.path, &error.to_string()));
                None
            }
            Err(_) if !self.shared.pass.is_first => None,
            Err(error) => {
                tracing::info!("Sending file: {path}");
                self.refuse(
                    not_sent(&item.path, ""),
                    bad_file(&path.to_string(), &error),
                );
                None
            }
        }
    }

    /// Whether the log told of the file before the peer was called, if it is one that cannot be sent.
    /// Where that ends the job, it is news.
    fn was_told_of(&self, item: &Item) -> bool {
        self.shared.pass.has_told_of_bad_files
            && item.unreadable.is_none()
            && !self.shared.orders.settings.halt
    }

    /// A file that the log told of has its turn: the first pass settles it.
    fn settle_bad(&self, settled: Settled) {
        if self.shared.pass.is_first {
            let path = settled.outcome.path.display();
            let why = settled.outcome.reason.as_deref().unwrap_or_default();
            tracing::debug!("cannot send file: {path}: {why}");
            self.shared.recorder.settle(settled);
        }
    }

    fn open_object(&self, item: &Item) -> Result<Object, ObjectError> {
        match &item.unreadable {
            Some(error) => Err(std::io::Error::new(error.kind(), error.to_string()).into()),
            None => Object::open(&item.path, self.shared.orders.read_mode),
        }
    }

    fn invent(&self) -> Option<Identity> {
        let inventor = self.shared.orders.inventor.as_ref()?;
        let identity = inventor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next();
        tracing::info!("{}", identity.describe());
        Some(identity)
    }

    /// Chooses the context, and converts what has to be.
    fn prepare(
        &self,
        path: &str,
        object: &Object,
        identity: Option<&Identity>,
        association: &Opened<ObjectPayload>,
    ) -> Result<(Choice, ObjectPayload), Unsendable> {
        let orders = self.shared.orders;
        let choice = choose(
            &association.agreed.contexts,
            &object.sop_class,
            object.transfer_syntax.as_str(),
            orders.settings.prefer_deflated,
        )
        .map_err(|_| no_context(path, &object.sop_class))?;
        let (from, to) = (&object.transfer_syntax, &choice.transfer_syntax);
        if from != to {
            let (from, to) = (syntax_name(from), syntax_name(to));
            tracing::info!("Converting transfer syntax: {from} -> {to}");
        }
        let class = prefix(&object.sop_class).unwrap_or("OT");
        let number = self.begun + 1;
        tracing::info!("Sending Store Request (MsgID {number}, {class})");
        let payload = self.payload(path, object, identity, to.as_str())?;
        Ok((choice, payload))
    }

    /// The data set as the peer takes it.
    fn payload(
        &self,
        path: &str,
        object: &Object,
        identity: Option<&Identity>,
        to: &str,
    ) -> Result<ObjectPayload, Unsendable> {
        let orders = self.shared.orders;
        let options = RewriteOptions {
            edits: identity.map_or_else(Vec::new, Identity::edits),
            old_vr_only: orders.settings.old_vr_only,
            compression_level: orders.settings.compression_level,
        };
        let pace = orders.bytes_pace.clone();
        let conversion = Conversion::plan(object, to, options);
        let conversion = conversion.map_err(|error| self.unconvertible(path, &error))?;
        let Some(conversion) = conversion else {
            return Ok(ObjectPayload::of_file(object, pace));
        };
        let (converted, absent) = conversion
            .convert(object)
            .map_err(|error| cannot_convert(path, &error))?;
        tell_of_absent(path, &absent);
        Ok(ObjectPayload::of_converted(converted, pace))
    }

    fn unconvertible(&self, path: &str, error: &ConvertError) -> Unsendable {
        let orders = self.shared.orders;
        orders
            .hints
            .tell_of_stored(error, &orders.settings.contexts);
        cannot_convert(path, error)
    }

    fn store(
        &mut self,
        item: Item,
        object: Object,
        sop_instance: Uid,
        choice: &Choice,
        payload: ObjectPayload,
        association: &mut Opened<ObjectPayload>,
    ) {
        let request = StoreRequest {
            sop_class: object.sop_class.clone(),
            sop_instance: sop_instance.clone(),
            priority: PRIORITY,
        };
        let stored = association
            .connection
            .store(choice.context, request, payload);
        match stored {
            Ok(operation) => {
                self.begun = operation.0;
                let flight = Flight {
                    item,
                    file: object.version,
                    sop_class: object.sop_class,
                    sop_instance,
                    bytes: 0,
                };
                self.in_flight.insert(operation, flight);
            }
            Err(error) => {
                let path = item.path.display().to_string();
                let failed = store_failed(&path, &error.to_string());
                self.refuse(known(&item.path, &object, ""), failed);
            }
        }
    }

    /// A file cannot be sent: nothing has been promised to the peer yet.
    fn refuse(&mut self, mut settled: Settled, unsendable: Unsendable) {
        tracing::error!("{}", unsendable.log);
        settled.outcome.reason = Some(bounded_reason(unsendable.reason.clone()));
        self.end_by_file(&unsendable.condition);
        self.fail(settled, Ending::Unsendable(unsendable.reason));
    }

    /// A file could not be sent to its end, and its association with it.
    pub(super) fn break_off(&mut self, flight: Flight, why: &str) {
        let path = flight.item.path.display().to_string();
        let unsendable = store_failed(&path, why);
        tracing::error!("{}", unsendable.log);
        let (_, settled) = flight.broken(why);
        self.end_by_file(&unsendable.condition);
        self.fail(settled, Ending::Unsendable(unsendable.reason));
    }

    fn end_by_file(&mut self, condition: &str) {
        if self.shared.orders.settings.halt {
            self.unsendable = Some(condition.to_owned());
        }
    }
}

fn bad_file(path: &str, error: &ObjectError) -> Unsendable {
    let reason = error.to_string();
    match error {
        ObjectError::NoUids => Unsendable {
            log: format!("No SOP Class or Instance UID in file: {path}"),
            condition: format!("0006:0202 DIMSE Bad data: {reason}"),
            reason,
        },
        ObjectError::Io(_) | ObjectError::Bad(_) => Unsendable {
            log: format!("Bad DICOM file: {path}: {reason}"),
            condition: format!("0001:000a {reason}"),
            reason,
        },
    }
}

fn no_context(path: &str, sop_class: &Uid) -> Unsendable {
    let name = prefix(sop_class)
        .or_else(|| registry::sop_class(sop_class.as_str()).map(|class| class.name))
        .unwrap_or("unknown SOP class");
    let reason = format!(
        "no presentation context for SOP class {sop_class}: it was not proposed, or the peer \
         refused it"
    );
    Unsendable {
        // DCMTK's line names no file.
        log: format!(
            "No presentation context for: ({name}) {sop_class}\ncannot send file: {path}: {reason}"
        ),
        condition: "0006:0206 DIMSE No valid Presentation Context ID".to_owned(),
        reason,
    }
}

fn cannot_convert(path: &str, error: &ConvertError) -> Unsendable {
    match error {
        ConvertError::Bad(_) => bad_file(path, &std::io::Error::other(error.to_string()).into()),
        ConvertError::Impossible { .. } | ConvertError::Io(_) => {
            store_failed(path, &error.to_string())
        }
    }
}

fn store_failed(path: &str, why: &str) -> Unsendable {
    Unsendable {
        log: format!("Store Failed, file: {path}:\n{NOT_SENT}: {why}"),
        condition: NOT_SENT.to_owned(),
        reason: why.to_owned(),
    }
}

fn tell_of_absent(path: &str, absent: &[Tag]) {
    for tag in absent {
        let name = attribute_name(*tag);
        tracing::error!("cannot replace {name} {tag}, which is not in the data set: {path}");
    }
}

/// What names of files of this class begin with, if it has a prefix of its own.
fn prefix(sop_class: &Uid) -> Option<&'static str> {
    Some(registry::file_name_prefix(sop_class.as_str()))
        .filter(|prefix| *prefix != registry::UNKNOWN_PREFIX)
}

fn syntax_name(uid: &Uid) -> String {
    registry::transfer_syntax(uid.as_str())
        .map_or_else(|| uid.to_string(), |syntax| syntax.name.to_owned())
}
