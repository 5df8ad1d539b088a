//! The presentation contexts of a run: one for each pair of SOP class and transfer syntax.

use pdvault_engine::pdu::{
    APPLICATION_CONTEXT, AssociateRq, AsynchronousOperations, ProposedContext, UserInformation,
};
use pdvault_engine::value::{
    AeTitle, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, PresentationContextId, Uid,
};

use crate::corpus::Corpus;

/// The most contexts of an association: their numbers are odd and below 256 (PS3.8 9.3.2.2).
pub(crate) const CONTEXTS_MAX: usize = 128;

/// The maximum length that we announce, in bytes: what comes to us is short.
const RECEIVE_PDU_BYTES: u32 = 16_384;

/// Contexts and which template goes over which.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    contexts: Vec<ProposedContext>,
    /// By template.
    ids: Vec<PresentationContextId>,
}

impl Proposal {
    /// For all objects of a corpus; `None` when they need more than [`CONTEXTS_MAX`].
    pub(crate) fn of(corpus: &Corpus) -> Option<Self> {
        let mut proposal = Self {
            contexts: Vec::new(),
            ids: Vec::new(),
        };
        for template in corpus.templates() {
            let class = Uid::from(template.sop_class());
            let syntax = Uid::from(template.transfer_syntax());
            let known = proposal.contexts.iter().find(|context| {
                context.abstract_syntax == class && context.transfer_syntaxes[0] == syntax
            });
            let id = match known {
                Some(context) => context.id,
                None => proposal.add(class, syntax)?,
            };
            proposal.ids.push(id);
        }
        Some(proposal)
    }

    fn add(&mut self, class: Uid, syntax: Uid) -> Option<PresentationContextId> {
        if self.contexts.len() == CONTEXTS_MAX {
            return None;
        }
        let number = u8::try_from(self.contexts.len() * 2 + 1).ok()?;
        let id = PresentationContextId(number);
        self.contexts.push(ProposedContext {
            id,
            abstract_syntax: class,
            transfer_syntaxes: vec![syntax],
        });
        Some(id)
    }

    /// The context of a template.
    pub(crate) fn context(&self, template: usize) -> PresentationContextId {
        self.ids[template]
    }

    /// Asks for an association with all contexts and, if more than 1, a window of so many operations.
    pub(crate) fn request(
        &self,
        calling: AeTitle,
        called: AeTitle,
        operations: u16,
    ) -> AssociateRq {
        let window = AsynchronousOperations {
            invoked: operations,
            performed: 1,
        };
        AssociateRq {
            protocol_version: 1,
            called_ae_title: called,
            calling_ae_title: calling,
            application_context: Uid::from(APPLICATION_CONTEXT),
            presentation_contexts: self.contexts.clone(),
            user_information: UserInformation {
                maximum_length: RECEIVE_PDU_BYTES,
                implementation_class_uid: Some(Uid::from(IMPLEMENTATION_CLASS_UID)),
                implementation_version_name: Some(IMPLEMENTATION_VERSION_NAME.into()),
                asynchronous_operations: (operations > 1).then_some(window),
                ..UserInformation::default()
            },
        }
    }
}
