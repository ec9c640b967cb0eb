namespace Audit.Journal.Tokens;

/// <summary>
/// What proves that a node of the store wrote a row as it is: a MAC over all of its fields.
/// </summary>
internal sealed class RowProof(RowKeys keys, FailureLog failures)
{
    public byte[] Of(string table, IReadOnlyList<object?> fields) =>
        keys.MacOf(table, fields.Select(TextOf));

    public bool Holds(string table, IReadOnlyList<object?> fields, byte[] proof) =>
        keys.Proves(proof, table, fields.Select(TextOf));

    /// <summary>Says so of a row that is refused.</summary>
    public void Report(string table, string name) => failures.Report(
        $"unproven rows of {table}",
        new UnprovenRowException(
            $"The row \"{name}\" of {table} is not as a node of this store wrote it; it is refused."));

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
