namespace Audit.Client.Wire;

/// <summary>Where a call stands that may await a person, and once it awaits none, what was decided.</summary>
/// <param name="Policy">The SHA-256 of the policy by which was decided, or a person was asked.</param>
/// <param name="Rule">The rule that decided; missing where the preset did.</param>
/// <param name="Order">What decided instead: an approval of more calls than one, or a stop.</param>
internal sealed record DecisionAnswer(
    string State,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Decision = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? By = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? OnBehalfOf = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Feedback = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Position = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] QuestionAnswer? Question = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool RefusedByNode = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Source = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Policy = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Rule = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Order = null)
{
    public const string Awaiting = "awaiting_confirmation";

    /// <summary>A person is asked, and has not answered.</summary>
    [JsonIgnore] public bool IsAwaited => State == Awaiting;

    /// <summary>The sequence number of the decision in the stream of the call.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public long? Sequence { get; init; }
    /// <summary>Of an approval: until when the tool may begin; of a question: when it ends.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ValidUntil { get; init; }
    /// <summary>`observe` or `none` where nothing is enforced; missing where it is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Mode { get; init; }
    /// <summary>What would have been decided.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Would { get; init; }
    /// <summary>Of a question that two persons approve: who did already.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ApprovedBy { get; init; }
}

/// <summary>The question that stands: a decision sends both back, and is on no other.</summary>
/// <param name="NotSeenWhole">What of it was cut or redacted: whoever approves it says that he knows.</param>
internal sealed record QuestionAnswer(
    long Sequence, string Question,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NotSeenWhole = null);

/// <summary>A page of a list, and the cursor of the next one where there is more.</summary>
/// <param name="Total">How many there are of all, where that was asked for.</param>
internal sealed record ItemPage<T>(
    IReadOnlyList<T> Items, string? Next,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Total = null);

/// <summary>What a host, and whoever else speaks to a node, reads of it; the rest is the node's and the command line's.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, MaxDepth = MaxDepth)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(ItemPage<JsonElement>))]
[JsonSerializable(typeof(DecisionAnswer))]
[JsonSerializable(typeof(ReceiptLine))]
internal sealed partial class ClientJson : JsonSerializerContext
{
    /// <summary>An event's record may be as deep as a record may be, and an answer holds it deeper.</summary>
    public const int MaxDepth = 128;
}
