namespace Audit.Integrity.Verification;

/// <summary>Where the key came from that signatures were checked with: a verdict is worth as much as that.</summary>
public enum KeyTrust
{
    /// <summary>There was no key.</summary>
    None,

    /// <summary>The one who asked gave it.</summary>
    Given,

    /// <summary>It lies in the node's data directory, outside the store.</summary>
    DataDirectory,

    /// <summary>It lies with what is verified: whoever forged that may have forged the key.</summary>
    Enclosed,
}
