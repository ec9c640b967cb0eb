namespace Audit.Journal.Tokens;

/// <summary>Makes and looks at proofs of rows, under a key that does not lie in the database.</summary>
public interface IRowMac
{
    /// <param name="table">What the row is of, so that one of another table proves nothing in this.</param>
    byte[] MacOf(string table, IEnumerable<string?> fields);

    bool Proves(byte[] mac, string table, IEnumerable<string?> fields);
}

/// <summary>
/// What proves that a node of the store wrote a row as it is: a MAC over all of its fields. Without a key, for tools
/// that only look at the journal, nothing is proven.
/// </summary>
internal sealed class RowProof(IRowMac? mac, FailureLog failures)
{
    public byte[] Of(string table, IReadOnlyList<object?> fields) =>
        mac is null ? [] : mac.MacOf(table, fields.Select(TextOf));

    public bool Holds(string table, IReadOnlyList<object?> fields, byte[] proof) =>
        mac is null || mac.Proves(proof, table, fields.Select(TextOf));

    /// <summary>Says so of a row that is refused.</summary>
    public void Report(string table, string name) => failures.Report(
        $"unproven rows of {table}",
        new UnprovenRowException($"The row \"{name}\" of {table} is not as a node of this store wrote it; it is refused."));

    private static string? TextOf(object? field) => field switch
    {
        null => null,
        string text => text,
        long number => number.ToString(CultureInfo.InvariantCulture),
        byte[] blob => Convert.ToHexString(blob),
        _ => throw new ArgumentException($"A field cannot be a {field.GetType().Name}.", nameof(field)),
    };
}

/// <summary>A row of tokens, browser sessions or sources that no node of the store wrote as it is.</summary>
public sealed class UnprovenRowException(string message) : Exception(message);
