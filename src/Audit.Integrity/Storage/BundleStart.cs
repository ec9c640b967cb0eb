namespace Audit.Integrity.Storage;

/// <summary>At which position a bundle of 256 entries begins.</summary>
public readonly record struct BundleStart(long Number, long FirstPosition);
