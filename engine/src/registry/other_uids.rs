//! Well-known UIDs that are neither SOP classes nor transfer syntaxes we receive: the rest of PS3.6
//! tables that has a UID of its own, in byte order.

/// The table, sorted.
#[rustfmt::skip]
pub(super) static OTHER_UIDS: [&str; 138] = [
    "1.2.840.10008.1.2.4.204", // JPIP HTJ2K Referenced
    "1.2.840.10008.1.2.4.205", // JPIP HTJ2K Referenced Deflate
    "1.2.840.10008.1.2.4.52", // JPEG Extended (Process 3 & 5)
    "1.2.840.10008.1.2.4.53", // JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8)
    "1.2.840.10008.1.2.4.54", // JPEG Spectral Selection, Non-Hierarchical (Process 7 & 9)
    "1.2.840.10008.1.2.4.55", // JPEG Full Progression, Non-Hierarchical (Process 10 & 12)
    "1.2.840.10008.1.2.4.56", // JPEG Full Progression, Non-Hierarchical (Process 11 & 13)
    "1.2.840.10008.1.2.4.57", // JPEG Lossless, Non-Hierarchical (Process 14)
    "1.2.840.10008.1.2.4.58", // JPEG Lossless, Non-Hierarchical (Process 15)
    "1.2.840.10008.1.2.4.59", // JPEG Extended, Hierarchical (Process 16 & 18)
    "1.2.840.10008.1.2.4.60", // JPEG Extended, Hierarchical (Process 17 & 19)
    "1.2.840.10008.1.2.4.61", // JPEG Spectral Selection, Hierarchical (Process 20 & 22)
    "1.2.840.10008.1.2.4.62", // JPEG Spectral Selection, Hierarchical (Process 21 & 23)
    "1.2.840.10008.1.2.4.63", // JPEG Full Progression, Hierarchical (Process 24 & 26)
    "1.2.840.10008.1.2.4.64", // JPEG Full Progression, Hierarchical (Process 25 & 27)
    "1.2.840.10008.1.2.4.65", // JPEG Lossless, Hierarchical (Process 28)
    "1.2.840.10008.1.2.4.66", // JPEG Lossless, Hierarchical (Process 29)
    "1.2.840.10008.1.2.4.92", // JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)
    "1.2.840.10008.1.2.4.93", // JPEG 2000 Part 2 Multi-component Image Compression
    "1.2.840.10008.1.2.4.94", // JPIP Referenced
    "1.2.840.10008.1.2.4.95", // JPIP Referenced Deflate
    "1.2.840.10008.1.2.6.1", // RFC 2557 MIME encapsulation
    "1.2.840.10008.1.2.6.2", // XML Encoding
    "1.2.840.10008.1.2.7.1", // SMPTE ST 2110-20 Uncompressed Progressive Active Video
    "1.2.840.10008.1.2.7.2", // SMPTE ST 2110-20 Uncompressed Interlaced Active Video
    "1.2.840.10008.1.2.7.3", // SMPTE ST 2110-30 PCM Digital Audio
    "1.2.840.10008.1.20", // Papyrus 3 Implicit VR Little Endian
    "1.2.840.10008.1.20.1.1", // Storage Commitment Push Model SOP Instance
    "1.2.840.10008.1.20.2.1", // Storage Commitment Pull Model SOP Instance
    "1.2.840.10008.1.4.1.1", // Talairach Brain Atlas Frame of Reference
    "1.2.840.10008.1.4.1.10", // SPM2 GRAY Frame of Reference
    "1.2.840.10008.1.4.1.11", // SPM2 WHITE Frame of Reference
    "1.2.840.10008.1.4.1.12", // SPM2 CSF Frame of Reference
    "1.2.840.10008.1.4.1.13", // SPM2 BRAINMASK Frame of Reference
    "1.2.840.10008.1.4.1.14", // SPM2 AVG305T1 Frame of Reference
    "1.2.840.10008.1.4.1.15", // SPM2 AVG152T1 Frame of Reference
    "1.2.840.10008.1.4.1.16", // SPM2 AVG152T2 Frame of Reference
    "1.2.840.10008.1.4.1.17", // SPM2 AVG152PD Frame of Reference
    "1.2.840.10008.1.4.1.18", // SPM2 SINGLESUBJT1 Frame of Reference
    "1.2.840.10008.1.4.1.2", // SPM2 T1 Frame of Reference
    "1.2.840.10008.1.4.1.3", // SPM2 T2 Frame of Reference
    "1.2.840.10008.1.4.1.4", // SPM2 PD Frame of Reference
    "1.2.840.10008.1.4.1.5", // SPM2 EPI Frame of Reference
    "1.2.840.10008.1.4.1.6", // SPM2 FIL T1 Frame of Reference
    "1.2.840.10008.1.4.1.7", // SPM2 PET Frame of Reference
    "1.2.840.10008.1.4.1.8", // SPM2 TRANSM Frame of Reference
    "1.2.840.10008.1.4.1.9", // SPM2 SPECT Frame of Reference
    "1.2.840.10008.1.4.2.1", // ICBM 452 T1 Frame of Reference
    "1.2.840.10008.1.4.2.2", // ICBM Single Subject MRI Frame of Reference
    "1.2.840.10008.1.4.3.1", // IEC 61217 Fixed Coordinate System Frame of Reference
    "1.2.840.10008.1.4.3.2", // Standard Robotic-Arm Coordinate System Frame of Reference
    "1.2.840.10008.1.4.3.3", // IEC 61217 Table Top Coordinate System Frame of Reference
    "1.2.840.10008.1.4.4.1", // SRI24 Frame of Reference
    "1.2.840.10008.1.4.5.1", // Colin27 Frame of Reference
    "1.2.840.10008.1.4.6.1", // LPBA40/AIR Frame of Reference
    "1.2.840.10008.1.4.6.2", // LPBA40/FLIRT Frame of Reference
    "1.2.840.10008.1.4.6.3", // LPBA40/SPM5 Frame of Reference
    "1.2.840.10008.1.40.1", // Procedural Event Logging SOP Instance
    "1.2.840.10008.1.42.1", // Substance Administration Logging SOP Instance
    "1.2.840.10008.1.5.1", // Hot Iron Color Palette SOP Instance
    "1.2.840.10008.1.5.2", // PET Color Palette SOP Instance
    "1.2.840.10008.1.5.3", // Hot Metal Blue Color Palette SOP Instance
    "1.2.840.10008.1.5.4", // PET 20 Step Color Palette SOP Instance
    "1.2.840.10008.1.5.5", // Spring Color Palette SOP Instance
    "1.2.840.10008.1.5.6", // Summer Color Palette SOP Instance
    "1.2.840.10008.1.5.7", // Fall Color Palette SOP Instance
    "1.2.840.10008.1.5.8", // Winter Color Palette SOP Instance
    "1.2.840.10008.15.0.3.1", // dicomDeviceName
    "1.2.840.10008.15.0.3.10", // dicomAssociationInitiator
    "1.2.840.10008.15.0.3.11", // dicomAssociationAcceptor
    "1.2.840.10008.15.0.3.12", // dicomHostname
    "1.2.840.10008.15.0.3.13", // dicomPort
    "1.2.840.10008.15.0.3.14", // dicomSOPClass
    "1.2.840.10008.15.0.3.15", // dicomTransferRole
    "1.2.840.10008.15.0.3.16", // dicomTransferSyntax
    "1.2.840.10008.15.0.3.17", // dicomPrimaryDeviceType
    "1.2.840.10008.15.0.3.18", // dicomRelatedDeviceReference
    "1.2.840.10008.15.0.3.19", // dicomPreferredCalledAETitle
    "1.2.840.10008.15.0.3.2", // dicomDescription
    "1.2.840.10008.15.0.3.20", // dicomTLSCyphersuite
    "1.2.840.10008.15.0.3.21", // dicomAuthorizedNodeCertificateReference
    "1.2.840.10008.15.0.3.22", // dicomThisNodeCertificateReference
    "1.2.840.10008.15.0.3.23", // dicomInstalled
    "1.2.840.10008.15.0.3.24", // dicomStationName
    "1.2.840.10008.15.0.3.25", // dicomDeviceSerialNumber
    "1.2.840.10008.15.0.3.26", // dicomInstitutionName
    "1.2.840.10008.15.0.3.27", // dicomInstitutionAddress
    "1.2.840.10008.15.0.3.28", // dicomInstitutionDepartmentName
    "1.2.840.10008.15.0.3.29", // dicomIssuerOfPatientID
    "1.2.840.10008.15.0.3.3", // dicomManufacturer
    "1.2.840.10008.15.0.3.30", // dicomPreferredCallingAETitle
    "1.2.840.10008.15.0.3.31", // dicomSupportedCharacterSet
    "1.2.840.10008.15.0.3.4", // dicomManufacturerModelName
    "1.2.840.10008.15.0.3.5", // dicomSoftwareVersion
    "1.2.840.10008.15.0.3.6", // dicomVendorData
    "1.2.840.10008.15.0.3.7", // dicomAETitle
    "1.2.840.10008.15.0.3.8", // dicomNetworkConnectionReference
    "1.2.840.10008.15.0.3.9", // dicomApplicationCluster
    "1.2.840.10008.15.0.4.1", // dicomConfigurationRoot
    "1.2.840.10008.15.0.4.2", // dicomDevicesRoot
    "1.2.840.10008.15.0.4.3", // dicomUniqueAETitlesRegistryRoot
    "1.2.840.10008.15.0.4.4", // dicomDevice
    "1.2.840.10008.15.0.4.5", // dicomNetworkAE
    "1.2.840.10008.15.0.4.6", // dicomNetworkConnection
    "1.2.840.10008.15.0.4.7", // dicomUniqueAETitle
    "1.2.840.10008.15.0.4.8", // dicomTransferCapability
    "1.2.840.10008.15.1.1", // Universal Coordinated Time
    "1.2.840.10008.2.16.10", // Dublin Core
    "1.2.840.10008.2.16.11", // New York University Melanoma Clinical Cooperative Group
    "1.2.840.10008.2.16.12", // Mayo Clinic Non-radiological Images Specific Body Structure Anatomical Surface Region Guide
    "1.2.840.10008.2.16.13", // Image Biomarker Standardisation Initiative
    "1.2.840.10008.2.16.14", // Radiomics Ontology
    "1.2.840.10008.2.16.15", // RadElement
    "1.2.840.10008.2.16.16", // ICD-11
    "1.2.840.10008.2.16.17", // Unified numbering system (UNS) for metals and alloys
    "1.2.840.10008.2.16.18", // Research Resource Identification
    "1.2.840.10008.2.16.4", // DICOM Controlled Terminology
    "1.2.840.10008.2.16.5", // Adult Mouse Anatomy Ontology
    "1.2.840.10008.2.16.6", // Uberon Ontology
    "1.2.840.10008.2.16.7", // Integrated Taxonomic Information System (ITIS) Taxonomic Serial Number (TSN)
    "1.2.840.10008.2.16.8", // Mouse Genome Initiative (MGI)
    "1.2.840.10008.2.16.9", // PubChem Compound CID
    "1.2.840.10008.2.6.1", // DICOM UID Registry
    "1.2.840.10008.3.1.1.1", // DICOM Application Context Name
    "1.2.840.10008.4.2", // Storage Service Class
    "1.2.840.10008.5.1.1.17", // Printer SOP Instance
    "1.2.840.10008.5.1.1.17.376", // Printer Configuration Retrieval SOP Instance
    "1.2.840.10008.5.1.1.25", // Print Queue SOP Instance
    "1.2.840.10008.5.1.1.40.1", // Display System SOP Instance
    "1.2.840.10008.5.1.4.1.1.201.1.1", // Storage Management SOP Instance
    "1.2.840.10008.5.1.4.34.4", // Unified Worklist and Procedure Step Service Class - Trial
    "1.2.840.10008.5.1.4.34.5", // UPS Global Subscription SOP Instance
    "1.2.840.10008.5.1.4.34.5.1", // UPS Filtered Global Subscription SOP Instance
    "1.2.840.10008.5.1.4.34.6", // Unified Worklist and Procedure Step Service Class
    "1.2.840.10008.7.1.1", // Native DICOM Model
    "1.2.840.10008.7.1.2", // Abstract Multi-Dimensional Image Model
    "1.2.840.10008.8.1.1", // DICOM Content Mapping Resource
    "1.2.840.113619.5.2", // GE Private Implicit VR Big Endian
];
