namespace Audit.Api.Intake;

/// <summary>An item of which only the head was kept while the rest passed by.</summary>
internal sealed record LargeItem(byte[] Head, long Length, Fingerprint Whole);
