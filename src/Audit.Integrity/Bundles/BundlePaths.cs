using Audit.Integrity.Notes;

namespace Audit.Integrity.Bundles;

/// <summary>What is where in a bundle.</summary>
internal static class BundlePaths
{
    public const string ReadMe = "README.txt";
    public const string Checkpoint = "checkpoint";
    public const string VerifierKey = "log.vkey";
    public const string Rows = "rows.ndjson";
}
