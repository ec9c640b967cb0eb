using Audit.Formats.Correlation;

namespace Audit.Formats.Otlp;

/// <summary>A call as its span or its log record names it: what the messages of it have in common.</summary>
/// <param name="TellsOutput">What an emitter was not allowed to send is not compared with what the host says.</param>
internal sealed record OtlpCall(
    string Host, string Session, string Call, string Tool, string Channel, string? Agent, string? Parent,
    TracePlace? Place, Provenance? Provenance, JsonElement? Input, bool TellsOutput)
{
    private static readonly JsonElement NotReported = JsonSerializer.SerializeToElement(SaidReader.NotReported);

    public DerivedRecord Tell(Outcome outcome, Timestamp? time)
    {
        var told = DerivedRecord.Of(Host, Session, Call, Tool, outcome, time is { } at ? Rfc3339.Format(at) : null)
            .With(Input, Input, Provenance);
        var record = outcome is not Outcome.Completed || TellsOutput ? told.Record
            : told.Record with { Unknown = new() { ["output"] = NotReported } };
        return told with { Record = record, Channel = Channel, Agent = Agent, Parent = Parent, Place = Place };
    }

    /// <summary>Says of a call that ended why nothing is told of how.</summary>
    public DerivedNote NotTold(Timestamp? time, string why) => new(
        Session, $"{Host}:{Call}:outcome_not_told", "outcome_not_told",
        JsonSerializer.SerializeToElement(new Dictionary<string, string>
        {
            ["tool_call_id"] = Call, ["tool_name"] = Tool, ["why"] = why,
        }))
    {
        Time = time is { } at ? Rfc3339.Format(at) : null,
    };

    /// <summary>The same without what takes room.</summary>
    public OtlpCall Short() => this with { Input = null, TellsOutput = false };
}

/// <summary>What the spans within that of a call say of it: what was decided last, and how its tool did.</summary>
/// <param name="Success">Null where none says that it ran.</param>
internal sealed record OtlpStory(
    Outcome? Decision, Timestamp? DecidedAt, bool? Success, string? Error, Timestamp? RanAt)
{
    /// <summary>The span of the call, where it came before these.</summary>
    public OtlpCall? Told { get; init; }

    public OtlpStory With(OtlpStory step)
    {
        var decides = step.Decision is not null && !(Decision is not null && DecidedAt > step.DecidedAt);
        var runs = step.Success is not null && !(Success is not null && RanAt > step.RanAt);
        return this with
        {
            Decision = decides ? step.Decision : Decision,
            DecidedAt = decides ? step.DecidedAt : DecidedAt,
            Success = runs ? step.Success : Success,
            Error = runs ? step.Error : Error,
            RanAt = runs ? step.RanAt : RanAt,
        };
    }
}

/// <summary>
/// The room for what spans within those of calls say: one for all sources, of which none pushes out what another says.
/// </summary>
internal sealed class OtlpMemory
{
    private const long MostBytes = 32 << 20;

    private readonly BoundedMemory<(string Source, string Span), OtlpStory> stories = new(
        MostBytes, (key, story) => (2 * RoomFor.BytesOf(key.Span, story.Error))
            + (story.Told is { } told ? BytesOf(told) : 0));

    public long Forgotten => stories.Forgotten;

    private static int BytesOf(OtlpCall told) =>
        RoomFor.BytesOf(told.Session, told.Call, told.Tool, told.Agent, told.Parent)
        + RoomFor.BytesOf(told.Place?.Trace, told.Place?.Own, told.Place?.Above, told.Place?.Otherwise)
        + RoomFor.BytesOf(told.Provenance?.Provider, told.Provenance?.Model);

    public OtlpStory Change(string source, string span, Func<OtlpStory, OtlpStory> change)
    {
        var changed = new OtlpStory(null, null, null, null, null);
        if (!RoomFor.Ids(span))
        {
            return change(changed);
        }

        stories.Change((source, span), old => changed = change(old ?? changed));
        return changed;
    }
}

/// <summary>
/// Remembers of the spans within those of calls what they say: they end first, and may come in an earlier request. Of
/// each source its own.
/// </summary>
internal sealed class OtlpSteps(OtlpMemory memory, string source)
{
    /// <returns>The call, where its span came before; null where it is still to come.</returns>
    public OtlpCall? Remember(OtlpSpan step, OtlpStory said) =>
        memory.Change(source, KeyOf(step, step.Parent!), story => story.With(said)).Told;

    /// <returns>What is known of the call by now.</returns>
    public OtlpStory Tell(OtlpSpan span, OtlpCall told) => span.SpanId is { } id
        ? memory.Change(source, KeyOf(span, id), story => story with { Told = told.Short() })
        : new OtlpStory(null, null, null, null, null);

    private static string KeyOf(OtlpSpan span, string id) => $"{span.Trace}/{id}";
}
