namespace Audit.Actors.Messages;

/// <summary>A submission as it travels between nodes: what the law is asked, and the bytes as they were sent.</summary>
public abstract record WireItem(byte[] Body) : ICrossesTheWire
{
    /// <summary>The rules that took something out; null where none did.</summary>
    public string[]? Redacted { get; init; }

    /// <summary>The version of their rule set.</summary>
    public string? Redaction { get; init; }

    private RedactionMark? Mark => Redacted is null ? null : new RedactionMark(Redacted, Redaction ?? "");

    public static WireItem Of(Submission submission) => submission.Redacted is { } mark
        ? Plain(submission) with { Redacted = mark.Rules.ToArray(), Redaction = mark.Version }
        : Plain(submission);

    private static WireItem Plain(Submission submission) => submission switch
    {
        CallSubmission call =>
            new Call(
                call.Session.Source, call.Session.Id, call.ToolCallId, call.Agent, call.Message, call.Record.ToArray())
            {
                BoundAgents = [.. call.Bounds.Agents],
                BoundTasks = [.. call.Bounds.Tasks],
            },
        ReviewSubmission act => new Reviewing(
            act.Of, act.Review with { Verdicts = act.Review.Verdicts.ToArray() }, act.Reason.ToArray()),
        NoteSubmission noted =>
            new Note(
                noted.Session.Source, noted.Session.Id, noted.TaskId, noted.Agent, noted.Note, noted.Detail.ToArray()),
        WindowSubmission window => new Window(window.WindowId, Plain(window.Message), window.Body.ToArray()),
        OperatorSubmission act =>
            new Operator(act.Act, act.Actor, act.At, act.Detail.ToArray())
            {
                Facts = act.Facts.ToArray(), After = act.After,
            },
        _ => throw new ArgumentOutOfRangeException(nameof(submission), submission, "No actor takes such a submission."),
    };

    public Submission ToSubmission(string stream) => this switch
    {
        Call call => new CallSubmission(
            new SessionName(call.Source, call.SessionId), call.ToolCallId, call.Agent, call.Message, call.Body)
        {
            Redacted = Mark,
            Bounds = new CallBounds(call.BoundAgents, call.BoundTasks),
        },
        Reviewing act => new ReviewSubmission(act.What, act.Review, act.Body),
        Note noted => new NoteSubmission(
            new SessionName(noted.Source, noted.SessionId), noted.TaskId, noted.Agent, noted.Content, noted.Body)
        {
            Redacted = Mark,
        },
        Window window => new WindowSubmission(window.Id, window.Message, window.Body),
        Operator act => new OperatorSubmission(stream, act.Act, act.Actor, act.At, act.Body)
        {
            Facts = act.Facts, After = act.After,
        },
        _ => throw new InvalidDataException($"An item of the type {GetType().Name} is not known."),
    };

    /// <summary>Lists as arrays, for no other list is a type that may travel.</summary>
    private static WindowMessage Plain(WindowMessage message) => message is WindowMessage.Asking asking
        ? asking with
        {
            Terms = asking.Terms with
            {
                Scope = asking.Terms.Scope.ToArray(), Sources = asking.Terms.Sources.ToArray(),
            },
        }
        : message;

    public sealed record Call(
        string Source, string SessionId, string ToolCallId, string? Agent, CallMessage Message, byte[] Body)
        : WireItem(Body)
    {
        public string[] BoundAgents { get; init; } = [];

        public string[] BoundTasks { get; init; } = [];
    }

    public sealed record Reviewing(Reviewable What, Review Review, byte[] Body) : WireItem(Body);

    public sealed record Note(
        string Source, string SessionId, string? TaskId, string? Agent, SessionNote Content, byte[] Body)
        : WireItem(Body);

    public sealed record Window(string Id, WindowMessage Message, byte[] Body) : WireItem(Body);

    public sealed record Operator(string Act, string Actor, Timestamp At, byte[] Body) : WireItem(Body)
    {
        public byte[] Facts { get; init; } = [];

        public long After { get; init; } = -1;
    }
}
