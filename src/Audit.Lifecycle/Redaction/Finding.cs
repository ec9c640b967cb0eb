namespace Audit.Lifecycle.Redaction;

/// <summary>Where a secret stands in a text, and the rule that knows it.</summary>
internal readonly record struct Finding(int Start, int End, string Rule)
{
    public int Length => End - Start;
}

/// <summary>What was taken out of a text, as the event says it.</summary>
/// <param name="Rules">The names of the rules that found something, in order.</param>
/// <param name="Version">Of the rule set.</param>
public sealed record RedactionMark(IReadOnlyList<string> Rules, string Version);

/// <summary>A JSON text after redaction.</summary>
/// <param name="Json">The bytes as they were sent where nothing was found.</param>
/// <param name="Mark">Null where nothing was found.</param>
public readonly record struct Redacted(ReadOnlyMemory<byte> Json, RedactionMark? Mark);
