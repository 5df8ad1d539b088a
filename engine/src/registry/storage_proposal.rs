//! What a storage SCU proposes when nobody tells it otherwise.

/// The 64 storage classes that storescu proposes by default, in DCMTK's order: by their names
/// there, whatever the case. With two presentation contexts each they fill an association.
#[rustfmt::skip]
pub static DEFAULT_STORAGE_PROPOSAL: [&str; 64] = [
    "1.2.840.10008.5.1.4.1.1.9.1.3", // AmbulatoryECGWaveformStorage
    "1.2.840.10008.5.1.4.1.1.88.11", // BasicTextSRStorage
    "1.2.840.10008.5.1.4.1.1.9.4.1", // BasicVoiceAudioWaveformStorage
    "1.2.840.10008.5.1.4.1.1.11.4", // BlendingSoftcopyPresentationStateStorage
    "1.2.840.10008.5.1.4.1.1.9.3.1", // CardiacElectrophysiologyWaveformStorage
    "1.2.840.10008.5.1.4.1.1.88.65", // ChestCADSRStorage
    "1.2.840.10008.5.1.4.1.1.88.69", // ColonCADSRStorage
    "1.2.840.10008.5.1.4.1.1.11.2", // ColorSoftcopyPresentationStateStorage
    "1.2.840.10008.5.1.4.1.1.88.33", // ComprehensiveSRStorage
    "1.2.840.10008.5.1.4.1.1.1", // ComputedRadiographyImageStorage
    "1.2.840.10008.5.1.4.1.1.2", // CTImageStorage
    "1.2.840.10008.5.1.4.1.1.1.3", // DigitalIntraOralXRayImageStorageForPresentation
    "1.2.840.10008.5.1.4.1.1.1.3.1", // DigitalIntraOralXRayImageStorageForProcessing
    "1.2.840.10008.5.1.4.1.1.1.2", // DigitalMammographyXRayImageStorageForPresentation
    "1.2.840.10008.5.1.4.1.1.1.2.1", // DigitalMammographyXRayImageStorageForProcessing
    "1.2.840.10008.5.1.4.1.1.1.1", // DigitalXRayImageStorageForPresentation
    "1.2.840.10008.5.1.4.1.1.1.1.1", // DigitalXRayImageStorageForProcessing
    "1.2.840.10008.5.1.4.1.1.104.1", // EncapsulatedPDFStorage
    "1.2.840.10008.5.1.4.1.1.2.1", // EnhancedCTImageStorage
    "1.2.840.10008.5.1.4.1.1.4.1", // EnhancedMRImageStorage
    "1.2.840.10008.5.1.4.1.1.88.22", // EnhancedSRStorage
    "1.2.840.10008.5.1.4.1.1.12.1.1", // EnhancedXAImageStorage
    "1.2.840.10008.5.1.4.1.1.12.2.1", // EnhancedXRFImageStorage
    "1.2.840.10008.5.1.4.1.1.9.1.2", // GeneralECGWaveformStorage
    "1.2.840.10008.5.1.4.1.1.11.1", // GrayscaleSoftcopyPresentationStateStorage
    "1.2.840.10008.5.1.4.1.1.9.2.1", // HemodynamicWaveformStorage
    "1.2.840.10008.5.1.4.1.1.88.59", // KeyObjectSelectionDocumentStorage
    "1.2.840.10008.5.1.4.1.1.88.50", // MammographyCADSRStorage
    "1.2.840.10008.5.1.4.1.1.4", // MRImageStorage
    "1.2.840.10008.5.1.4.1.1.4.2", // MRSpectroscopyStorage
    "1.2.840.10008.5.1.4.1.1.7.2", // MultiframeGrayscaleByteSecondaryCaptureImageStorage
    "1.2.840.10008.5.1.4.1.1.7.3", // MultiframeGrayscaleWordSecondaryCaptureImageStorage
    "1.2.840.10008.5.1.4.1.1.7.1", // MultiframeSingleBitSecondaryCaptureImageStorage
    "1.2.840.10008.5.1.4.1.1.7.4", // MultiframeTrueColorSecondaryCaptureImageStorage
    "1.2.840.10008.5.1.4.1.1.20", // NuclearMedicineImageStorage
    "1.2.840.10008.5.1.4.1.1.77.1.5.2", // OphthalmicPhotography16BitImageStorage
    "1.2.840.10008.5.1.4.1.1.77.1.5.1", // OphthalmicPhotography8BitImageStorage
    "1.2.840.10008.5.1.4.1.1.77.1.5.4", // OphthalmicTomographyImageStorage
    "1.2.840.10008.5.1.4.1.1.128", // PositronEmissionTomographyImageStorage
    "1.2.840.10008.5.1.4.1.1.88.40", // ProcedureLogStorage
    "1.2.840.10008.5.1.4.1.1.11.3", // PseudoColorSoftcopyPresentationStateStorage
    "1.2.840.10008.5.1.4.1.1.66", // RawDataStorage
    "1.2.840.10008.5.1.4.1.1.67", // RealWorldValueMappingStorage
    "1.2.840.10008.5.1.4.1.1.481.4", // RTBeamsTreatmentRecordStorage
    "1.2.840.10008.5.1.4.1.1.481.6", // RTBrachyTreatmentRecordStorage
    "1.2.840.10008.5.1.4.1.1.481.2", // RTDoseStorage
    "1.2.840.10008.5.1.4.1.1.481.1", // RTImageStorage
    "1.2.840.10008.5.1.4.1.1.481.5", // RTPlanStorage
    "1.2.840.10008.5.1.4.1.1.481.3", // RTStructureSetStorage
    "1.2.840.10008.5.1.4.1.1.481.7", // RTTreatmentSummaryRecordStorage
    "1.2.840.10008.5.1.4.1.1.7", // SecondaryCaptureImageStorage
    "1.2.840.10008.5.1.4.1.1.66.2", // SpatialFiducialsStorage
    "1.2.840.10008.5.1.4.1.1.66.1", // SpatialRegistrationStorage
    "1.2.840.10008.5.1.4.1.1.77.1.5.3", // StereometricRelationshipStorage
    "1.2.840.10008.5.1.4.1.1.9.1.1", // TwelveLeadECGWaveformStorage
    "1.2.840.10008.5.1.4.1.1.6.1", // UltrasoundImageStorage
    "1.2.840.10008.5.1.4.1.1.3.1", // UltrasoundMultiframeImageStorage
    "1.2.840.10008.5.1.4.1.1.77.1.1", // VLEndoscopicImageStorage
    "1.2.840.10008.5.1.4.1.1.77.1.2", // VLMicroscopicImageStorage
    "1.2.840.10008.5.1.4.1.1.77.1.4", // VLPhotographicImageStorage
    "1.2.840.10008.5.1.4.1.1.77.1.3", // VLSlideCoordinatesMicroscopicImageStorage
    "1.2.840.10008.5.1.4.1.1.12.1", // XRayAngiographicImageStorage
    "1.2.840.10008.5.1.4.1.1.88.67", // XRayRadiationDoseSRStorage
    "1.2.840.10008.5.1.4.1.1.12.2", // XRayRadiofluoroscopicImageStorage
];
