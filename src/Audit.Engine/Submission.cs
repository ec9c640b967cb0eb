namespace Audit.Engine;

/// <summary>What a host, a person or the node itself wants written, addressed to one stream.</summary>
public abstract class Submission(StreamKey stream)
{
    public StreamKey Stream { get; } = stream;

    /// <summary>What its token may speak of: a call of another agent or task is not moved by it.</summary>
    public CallBounds Bounds { get; init; } = CallBounds.None;

    /// <summary>What was taken out of it before; null where nothing was.</summary>
    public RedactionMark? Redacted { get; init; }

    /// <summary>
    /// What is alike for submissions that belong together: those of a session go through one mailbox, so that the
    /// journal has a session in the order in which it was submitted.
    /// </summary>
    public virtual int Affinity => Stream.GetHashCode();

    /// <summary>How much memory it holds until it is written, roughly.</summary>
    public abstract int Bytes { get; }
}

/// <summary>
/// A record of a tool call. The bytes of the record must stay as they are until the receipt is there.
/// </summary>
public sealed class CallSubmission(
    SessionName session, string toolCallId, string? agent, CallMessage message, ReadOnlyMemory<byte> record)
    : Submission(new StreamKey(StreamNames.CallUtf8(session, toolCallId)))
{
    public SessionName Session { get; } = session;

    public string ToolCallId { get; } = toolCallId;

    public string? Agent { get; } = agent;

    public CallMessage Message { get; } = message;

    public ReadOnlyMemory<byte> Record { get; } = record;

    public override int Affinity => Session.GetHashCode();

    public override int Bytes => Record.Length;
}

/// <summary>The agents and the tasks of which calls may be; an empty list binds to nothing.</summary>
public sealed record CallBounds(IReadOnlyList<string> Agents, IReadOnlyList<string> Tasks)
{
    public static readonly CallBounds None = new([], []);

    /// <summary>How the sentence begins when an item is refused for the binding of its token.</summary>
    public const string Outside = "outside this token's binding";

    public bool AreNone => Agents.Count == 0 && Tasks.Count == 0;

    /// <param name="agent">Null while no message of the call named one.</param>
    /// <param name="task">The same of its task.</param>
    public bool Allow(string? agent, string? task) => IsOneOf(Agents, agent) && IsOneOf(Tasks, task);

    /// <summary>Whether an item may be of this agent, or of none.</summary>
    public bool MayName(string? agent) => IsOneOf(Agents, agent);

    private static bool IsOneOf(IReadOnlyList<string> bound, string? name) =>
        bound.Count == 0 || name is null || bound.Contains(name);
}

/// <summary>Asks a call to write down what it only counted. The engine itself says this.</summary>
internal sealed class CountsSubmission(StreamKey stream) : Submission(stream)
{
    public override int Bytes => 0;
}

/// <summary>A person acknowledges violations of a call or a window.</summary>
public sealed class ReviewSubmission(Reviewable of, Review review, ReadOnlyMemory<byte> reason)
    : Submission(of is Reviewable.Call call
        ? new StreamKey(StreamNames.CallUtf8(call.Session, call.ToolCallId))
        : new StreamKey(StreamNames.Window(((Reviewable.Window)of).WindowId)))
{
    public Reviewable Of { get; } = of;

    public Review Review { get; } = review;

    /// <summary>What the person says of it, as JSON.</summary>
    public ReadOnlyMemory<byte> Reason { get; } = reason;

    public override int Affinity => Of is Reviewable.Call reviewed ? reviewed.Session.GetHashCode() : base.Affinity;

    public override int Bytes => Reason.Length;
}

/// <summary>A note of a session.</summary>
public sealed class NoteSubmission(
    SessionName session, string? taskId, string? agent, SessionNote note, ReadOnlyMemory<byte> detail)
    : Submission(new StreamKey(StreamNames.Session(session)))
{
    public SessionName Session { get; } = session;

    public string? TaskId { get; } = taskId;

    public string? Agent { get; } = agent;

    public SessionNote Note { get; } = note;

    public ReadOnlyMemory<byte> Detail { get; } = detail;

    public override int Affinity => Session.GetHashCode();

    public override int Bytes => Detail.Length;
}

/// <summary>An act on a task window.</summary>
public sealed class WindowSubmission(string windowId, WindowMessage message, ReadOnlyMemory<byte> body)
    : Submission(new StreamKey(StreamNames.Window(windowId)))
{
    public string WindowId { get; } = windowId;

    public WindowMessage Message { get; } = message;

    /// <summary>The body as it was sent.</summary>
    public ReadOnlyMemory<byte> Body { get; } = body;

    public override int Bytes => Body.Length;
}

/// <summary>An act of the node itself, of those who administer it, or of those who read.</summary>
public sealed class OperatorSubmission(
    string stream, string act, string actor, Timestamp at, ReadOnlyMemory<byte> detail)
    : Submission(new StreamKey(stream))
{
    public OperatorSubmission(string act, string actor, Timestamp at, ReadOnlyMemory<byte> detail)
        : this(StreamNames.Operator(at.ToDateTimeOffset()), act, actor, at, detail)
    {
    }

    public string Act { get; } = act;

    public string Actor { get; } = actor;

    public Timestamp At { get; } = at;

    public ReadOnlyMemory<byte> Detail { get; } = detail;

    /// <summary>
    /// What stands in the event's head, an object: whoever has the row reads it, also without the key of its content.
    /// </summary>
    public ReadOnlyMemory<byte> Facts { get; init; }

    /// <summary>
    /// It is written only where its stream ends with this number still, and refused otherwise; negative for always.
    /// What is decided by all that stands there is so decided by all that stands before it.
    /// </summary>
    public long After { get; init; } = -1;

    public override int Bytes => Detail.Length;
}
