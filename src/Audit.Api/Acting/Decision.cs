namespace Audit.Api.Acting;

/// <summary>
/// What was decided of a call. Who decides is always the token's name; whom it acts for stands beside it.
/// </summary>
internal sealed record Decision(Outcome Outcome, string? OnBehalfOf)
{
    private const string OnBehalfOfName = "on_behalf_of";

    public static Decision Of(ToolAuditRecord record) => new(
        record.Outcome,
        record.Unknown?.GetValueOrDefault(OnBehalfOfName) is { ValueKind: JsonValueKind.String } person
            ? person.GetString()
            : null);

    /// <summary>The record of the decision: all but the outcome stands as in the call's last one.</summary>
    public ToolAuditRecord WriteInto(ToolAuditRecord last) => last with
    {
        Outcome = Outcome,
        Unknown = OnBehalfOf is null
            ? null
            : new Dictionary<string, JsonElement> { [OnBehalfOfName] = Text(OnBehalfOf) },
    };

    private static JsonElement Text(string text) =>
        JsonDocument.Parse("\"" + JsonEncodedText.Encode(text) + "\"").RootElement;
}
