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
/// What a span within that of a call says, in so few words that they stand in the name of a note: there it is written
/// down while the call is not known, and read again by a node that did not hear it, or forgot it.
/// </summary>
/// <param name="Of">The span of the call.</param>
/// <param name="Decision">Empty where nothing was decided.</param>
/// <param name="Source">Empty where it is none that is known.</param>
internal sealed record OtlpStep(string Of, string Span, string Decision, string Source, bool? Success)
{
    private const string Prefix = "otlp:step:";
    private const string NoteType = "call_step";
    private const int LongestError = 2_000;

    private string DerivedId => $"{Prefix}{Of}:{Span}:{Decision}:{Source}:{Word(Success)}";

    /// <exception cref="UnreadableException">The decision is none that is known.</exception>
    public static OtlpStep Read(OtlpSpan step)
    {
        var (word, way) = (step.Text(one => one.Decision) ?? "", step.Text(one => one.Source) ?? "");
        return new OtlpStep(
            OtlpSteps.NameOf(step.Parent!), OtlpSteps.NameOf(step.SpanId ?? step.Name),
            OtlpDecision.Of(word, way) is null ? "" : word, OtlpDecision.IsKnown(way) ? way : "",
            step.Plain(one => one.Success) is { } success ? success == "true" : null);
    }

    /// <returns>Null where the note is of something else.</returns>
    public static OtlpStep? Read(string derivedId) =>
        derivedId.StartsWith(Prefix, StringComparison.Ordinal)
            && derivedId[Prefix.Length..].Split(':') is [var of, var span, var decision, var source, var success]
            ? new OtlpStep(of, span, decision, source, success.Length == 0 ? null : success == Word(true))
            : null;

    public OtlpStory Story(Timestamp? at, string? error) =>
        new(OtlpDecision.Of(Decision, Source), at, Success, error, at);

    /// <returns>Null where it says nothing.</returns>
    public DerivedNote? Note(string trace, Timestamp? at, string? error)
    {
        var said = new Dictionary<string, string?>
        {
            ["decision"] = Decision, ["source"] = Source, ["success"] = Word(Success),
            // It stands whole in what is told of the call, where its call is known.
            ["error"] = error is null ? null : ShortText.Of(error, LongestError),
        }.Where(one => one.Value is { Length: > 0 }).ToList();
        return Decision.Length == 0 && Success is null ? null : new DerivedNote(
            TracePlace.SessionOf(trace), DerivedId, NoteType,
            JsonSerializer.SerializeToElement(new Dictionary<string, string?>(said)
            {
                ["trace_id"] = trace, ["span_id"] = Of,
            }))
        {
            Time = at is { } time ? Rfc3339.Format(time) : null,
        };
    }

    private static string Word(bool? flag) => flag switch { true => "true", false => "false", null => "" };
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
        memory.Change(source, KeyOf(step.Trace, step.Parent!), story => story.With(said)).Told;

    /// <returns>What is known of the call by now.</returns>
    public OtlpStory Tell(OtlpSpan span, OtlpCall told) => span.SpanId is { } id
        ? memory.Change(source, KeyOf(span.Trace, id), story => story with { Told = told.Short() })
        : new OtlpStory(null, null, null, null, null);

    /// <summary>Takes back what was noted while the call was not known.</summary>
    public void Recall(string trace, OtlpStep step, Timestamp at)
    {
        memory.Change(
            source, KeyOf(trace, step.Of), story => story.With(step.Story(at, story.Error)));
    }

    /// <summary>An id that is none of OpenTelemetry's is known by its hash.</summary>
    public static string NameOf(string id) =>
        id.Length <= 32 && id.All(char.IsAsciiHexDigitLower) ? id : CanonicalJson.NameOf(id);

    private static string KeyOf(string? trace, string id) => $"{trace}/{NameOf(id)}";
}

/// <summary>What an event of a log says was decided, in the words of the record.</summary>
internal static class OtlpDecision
{
    private static readonly Dictionary<string, string> Approving = new()
    {
        ["accept"] = "approved", ["allow"] = "approved", ["approved"] = "approved", ["modify"] = "approved",
        ["auto-accept"] = "auto", ["approved-for-session"] = "approved-for-session",
        ["approved-execpolicy-amendment"] = "approve-permanently",
        ["network-policy-amendment"] = "approve-permanently",
    };

    private static readonly string[] Refusing =
        ["reject", "deny", "denied", "abort", "cancel", "cancelled", "timed-out", "blocked", "rejected"];

    private static readonly string[] Asking = ["require-approval", "awaiting-confirmation"];

    /// <summary>That it ran, and nothing of a decision.</summary>
    private static readonly string[] Saying = ["success", "error"];

    private static readonly Dictionary<string, (string Source, string Refusal)> Sources = new()
    {
        ["user"] = ("human_response", "rejected by the user"),
        ["user-permanent"] = ("human_response", "rejected by the user"),
        ["user-temporary"] = ("human_response", "rejected by the user"),
        ["user-reject"] = ("human_response", "rejected by the user"),
        ["user-abort"] = ("human_response", "aborted by the user"),
        ["config"] = ("host_policy", "denied by rules"),
        ["hook"] = ("hook", "denied by a hook"),
        ["automatedreviewer"] = ("assisted_approval", "denied by an automated reviewer"),
    };

    /// <returns>Null where nothing was decided.</returns>
    /// <exception cref="UnreadableException">The decision is none that is known.</exception>
    public static Outcome? Of(OtlpSpan record)
    {
        var refused = record.Text(one => one.Refusal) is { } no && Refusing.Contains(Normal(no)) ? no : null;
        return Of(record.Text(one => one.Decision) ?? refused ?? "", record.Text(one => one.Source) ?? "");
    }

    /// <param name="word">Empty where nothing is said.</param>
    /// <param name="way">By what way it was decided.</param>
    public static Outcome? Of(string word, string way)
    {
        var (decision, source) = (Normal(word), Normal(way));
        if (decision.Length == 0 || Saying.Contains(decision))
        {
            return null;
        }

        var (by, refusal) = Sources.TryGetValue(source, out var known) ? known : (null, $"the decision was {word}");
        if (Approving.TryGetValue(decision, out var approval))
        {
            approval = source == "user-permanent" ? "approve-permanently"
                : by == "host_policy" && approval == "approved" ? "auto"
                : approval;
            return new Outcome.Approved(approval) { Source = by };
        }

        if (Refusing.Contains(decision))
        {
            return new Outcome.Blocked(refusal) { Decision = word, Source = by };
        }

        return Asking.Contains(decision)
            ? new Outcome.RequiresConfirmation("an approval is required", null)
            : throw new UnreadableException(
                "decision", $"\"{ShortText.Of(word, ShortText.Quoted)}\" is no decision that is known");
    }

    /// <summary>An event that gives no id of the call is one of its own, known by what it says.</summary>
    public static string CallOf(OtlpSpan record, Timestamp? at) => "log:" + CanonicalJson.NameOf(
        $"{record.Conversation}\n{record.Name}\n{record.Tool}\n{record.Input?.Raw()}\n"
        + $"{record.Attributes.Plain("prompt_id", "event.sequence")}\n{(at is { } time ? Rfc3339.Format(time) : "")}");

    public static bool IsKnown(string way) => Sources.ContainsKey(Normal(way));

    private static string Normal(string word) => word.ToLowerInvariant().Replace('_', '-');
}
