//! The presentation contexts of a run: one for each pair of SOP class and transfer syntax.

use pdvault_engine::association::proposal::{AssociationRequest, CONTEXTS_MAX};
use pdvault_engine::pdu::{AssociateRq, PduError, ProposedContext};
use pdvault_engine::value::{AeTitle, PresentationContextId, Uid};

use crate::corpus::Corpus;

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

    /// Asks for an association with all contexts, and for a window if more than 1 operation is to be
    /// in flight.
    pub(crate) fn request(
        &self,
        (calling, called): (AeTitle, AeTitle),
        max_pdu_bytes: u32,
        operations: u16,
    ) -> Result<AssociateRq, PduError> {
        let request = AssociationRequest {
            calling,
            called,
            max_pdu_bytes,
            operations: (operations > 1).then_some(operations),
            user_identity: None,
            roles: Vec::new(),
            extended: Vec::new(),
            contexts: self.contexts.clone(),
        };
        request.into_pdu()
    }
}
