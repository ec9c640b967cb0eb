namespace Audit.Integrity.Verification;

/// <summary>Where a root comes from that the log must have had.</summary>
internal enum KnownRootOrigin
{
    /// <summary>An older checkpoint that the store keeps; its signature is looked at only when it matters.</summary>
    Kept,

    /// <summary>The file of the node that signed it.</summary>
    Node,

    /// <summary>The auditor.</summary>
    Auditor,
}
