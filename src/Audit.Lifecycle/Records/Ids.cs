using Audit.Lifecycle.Json;

namespace Audit.Lifecycle.Records;

/// <summary>
/// A session by whose it is and by its id: the same id reported by another source is another session.
/// </summary>
/// <param name="Source">The source whose tokens report it.</param>
public readonly record struct SessionName(string Source, string Id)
{
    /// <summary>Both in one text, in which sessions of one id stand together; an id holds no "|".</summary>
    public string Key => $"{Id}|{Source}";

    public override string ToString() => $"{Id} of {Source}";
}

/// <summary>The bounds of the names that streams are made of.</summary>
public static class Ids
{
    public const int MaxBytes = 128;
    public const int MaxCallBytes = 96;
    public const int MaxMessageIdBytes = 256;

    /// <returns>Null when the id is fine, else the sentence that says what is wrong with it.</returns>
    public static string? Refuse(string id, int maxBytes, bool isSession = false)
    {
        if (id.Length == 0)
        {
            return "an id must not be empty";
        }

        var bytes = Encoding.UTF8.GetByteCount(id);
        if (bytes > maxBytes)
        {
            return $"an id of {bytes} bytes; at most {maxBytes} are accepted";
        }

        if (id.AsSpan().ContainsAnyInRange('\0', '\x1f') || id.AsSpan().ContainsAnyInRange('\x7f', '\x9f'))
        {
            return "an id must not hold control characters";
        }

        return isSession && id.Contains('|') ? "a session id must not hold \"|\"" : null;
    }

    /// <summary>Reads the id that is the value of the current member.</summary>
    public static string Read(ref StrictJsonReader json, int maxBytes, bool isSession = false)
    {
        var id = isSession ? json.ReadName() : json.ReadString();
        return Refuse(id, maxBytes, isSession) is { } refusal ? throw json.Unreadable(refusal) : id;
    }
}
