namespace Audit.Integrity.Bundles;

/// <summary>A file that is no bundle, or a store that none can be made of; the message is a sentence.</summary>
public sealed class BundleException(string message, Exception? inner = null) : Exception(message, inner);
