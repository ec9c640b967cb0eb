using System.Text.Json;

namespace Audit.Formats.Derived;

/// <summary>A note of a session that was made of another system's words.</summary>
/// <param name="SessionId">Null where the event names none.</param>
/// <param name="MessageId">Null where the event has nothing by which to know it again but what it says.</param>
public sealed record DerivedNote(string? SessionId, string? MessageId, string Type, JsonElement? Detail)
{
    /// <summary>RFC 3339; null where nothing but the receipt tells a time.</summary>
    public string? Time { get; init; }

    public bool IsTimeInferred { get; init; }
}
