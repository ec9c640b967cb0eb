namespace Audit.Projections.Facts;

/// <summary>Reads of events what the read models ask for, each event once.</summary>
internal sealed class FactsReader
{
    /// <summary>What only the content says is missing then.</summary>
    private const string ContentClosed = "its content cannot be opened";

    private readonly SharedNames names = new();

    /// <exception cref="PoisonException">The event cannot be read.</exception>
    public EventFacts Read(JournalRow row) => Read(row, out _);

    /// <param name="view">What was read, for who asks more of it; empty for an event that is passed.</param>
    /// <exception cref="PoisonException">The event cannot be read.</exception>
    public EventFacts Read(JournalRow row, out EventView view)
    {
        try
        {
            return ReadKnown(row, out view);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A feed that halts names the position and can be told to go on; one that tries again for ever cannot.
            throw new PoisonException(
                row.Position, $"The row at position {row.Position} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>What stands for the time of a row that says none.</summary>
    public static readonly Timestamp Never = Instants.Clamp(default);

    /// <summary>When a row was received; the beginning of time for one that cannot be read or does not say.</summary>
    public static Timestamp ReceivedAtOrNever(JournalRow row) => Time(HeadOrNothing(row), EventField.ReceivedAt);

    /// <summary>
    /// Of the node's own acts few say something here: that somebody was given a copy of the book, and when nodes ran.
    /// </summary>
    private static void ReadPassed(JournalRow row, EventFacts facts)
    {
        var head = HeadOrNothing(row);
        facts.ReceivedAt = Time(head, EventField.ReceivedAt);
        facts.Kind = head.Text(EventField.Act) switch
        {
            ReadActs.Copied => EventKind.Copied,
            NodeActs.Started => EventKind.NodeStarted,
            NodeActs.Stopped => EventKind.NodeStopped,
            _ => EventKind.Passed,
        };
    }

    /// <summary>Empty where another program wrote the row: nobody asks for more than its place.</summary>
    private static EventView HeadOrNothing(JournalRow row)
    {
        try
        {
            return row.Identifier == JournalTable.SerializerId ? EventView.ReadHead(row.Message) : default;
        }
        catch (UnreadableException)
        {
            return default;
        }
    }

    private EventFacts ReadKnown(JournalRow row, out EventView view)
    {
        var facts = new EventFacts { Position = row.Position, Sequence = row.Sequence, Stream = row.PersistenceId };
        facts.Kind = KindOf(row, out var name);
        if (facts.Kind == EventKind.Passed)
        {
            view = default;
            ReadPassed(row, facts);
            return facts;
        }

        ReadStream(facts);
        view = EventView.Read(row.Message);
        ReadEnvelope(view, facts);
        switch (facts.Kind)
        {
            case EventKind.Received when name == EventNames.CallOversized:
                facts.Oversized = true;
                facts.RecordedAt = facts.ReceivedAt;
                facts.Verdict = new Verdict(default, default, 0, Anomalies.Oversized, ViolationCause.None);
                break;
            case EventKind.Received:
                facts.Verdict = view.Verdict();
                facts.Confirms = name == EventNames.CallConfirmed;
                ReadRecord(view, facts);
                if (row.Unopened is not null)
                {
                    facts.Remark = ContentClosed;
                    facts.Success = view.Flag(EventField.FactSuccess);
                }

                break;
            case EventKind.Reviewed:
                facts.By = view.Name(EventField.ReviewedBy, names);
                facts.Remark = view.Text(EventField.ReviewReason);
                // What the person decided that it is.
                facts.Decision = view.Text(EventField.Finding);
                break;
            case EventKind.Window:
                facts.Window = WindowClock.Clamp(EventReader.ReadWindow(row, view));
                break;
        }

        return facts;
    }

    /// <summary>
    /// A row of a stream of calls, sessions or windows must be known; what else there may be is others' business.
    /// </summary>
    private static EventKind KindOf(JournalRow row, out string name)
    {
        name = "";
        if (!StreamNames.IsOfAgents(row.PersistenceId))
        {
            return EventKind.Passed;
        }

        name = EventReader.NameOf(row.Manifest);
        if (row.Identifier != JournalTable.SerializerId || !EventNames.IsKnown(name)
            || EventNames.ManifestOf(name) != row.Manifest)
        {
            throw new InvalidDataException($"it is a \"{row.Manifest}\", which this program does not know");
        }

        return name switch
        {
            EventNames.CallTransitioned or EventNames.CallViolated or EventNames.CallConfirmed
                or EventNames.CallOversized => EventKind.Received,
            EventNames.CallRejudged or EventNames.CallRetimed => EventKind.Rejudged,
            EventNames.CallFlooded => EventKind.Flooded,
            EventNames.CallReviewed => EventKind.Reviewed,
            EventNames.SessionNoted => EventKind.Noted,
            _ when EventNames.IsWindow(name) => EventKind.Window,
            _ => EventKind.Passed,
        };
    }

    /// <summary>The one place where every kind of event names what it belongs to.</summary>
    private static void ReadStream(EventFacts facts)
    {
        if (facts.Kind == EventKind.Window)
        {
            return;
        }

        if (!StreamNames.TrySplit(facts.Stream, out var session, out var call))
        {
            throw new InvalidDataException($"its stream \"{facts.Stream}\" names no session");
        }

        (facts.SessionId, facts.CallId) = (session, call);
    }

    private void ReadEnvelope(in EventView view, EventFacts facts)
    {
        facts.ReceivedAt = Time(view, EventField.ReceivedAt);
        facts.Source = view.Name(EventField.Source, names) ?? "";
        facts.Token = view.Name(EventField.Token, names) ?? "";
        facts.Task = view.Name(EventField.TaskId, names);
        facts.Agent = view.Name(EventField.Agent, names);
        facts.Parent = view.Name(EventField.Parent, names);
        facts.Seq = view.Number(EventField.Seq);
        facts.Late = view.Flag(EventField.Late) == true;
        facts.MadeByNode = view.Flag(EventField.MadeByNode) == true;
        facts.SelfApproved = view.Flag(EventField.SelfApproved) == true;
        facts.Redacted = view.Raw(EventField.Redacted).Length > 0;
        facts.Answers = view.Number(EventField.AnsweredSequence);
        facts.Question = view.Text(EventField.Question);
        facts.Policy = EventReader.PolicyOf(view);
        facts.EndsAt = view.Time(EventField.ExpiresAt) is { } end ? Instants.Clamp(end) : null;
        facts.Behind = view.Name(EventField.Person, names) ?? facts.Token;
        facts.TimeInferred = view.Name(EventField.Time, names) == "inferred";
        facts.Flooded = view.Number(EventField.Total) ?? 0;
        facts.NoteType = view.Name(EventField.Type, names);
        facts.RecordedAt = Time(view, EventField.At);
        facts.Violation = view.Text(EventField.Reason);
    }

    private void ReadRecord(in EventView view, EventFacts facts)
    {
        facts.Message = view.RecordedKind() ?? throw new InvalidDataException("it holds no record");
        facts.NotSeenWhole = facts.Message == MessageKind.RequiresConfirmation ? KeptPart.Missing(view) : null;
        facts.RecordedAt = Instants.Clamp(view.RequiredTime(EventField.FactRecordedAt));
        facts.Turn = view.Number(EventField.FactTurn) ?? 0;
        facts.Tool = NullIfEmpty(view.Name(EventField.FactTool, names));
        facts.Provider = NullIfEmpty(view.Name(EventField.FactProvider, names));
        facts.Model = NullIfEmpty(view.Name(EventField.Model, names));
        facts.Command = ShortLine.OfInput(view.Raw(EventField.EffectiveInput))
            ?? ShortLine.OfInput(view.Raw(EventField.RequestedInput))
            ?? ShortLine.OfInput(view.Raw(EventField.Permission));
        facts.Altered = AreOther(view.Raw(EventField.RequestedInput), view.Raw(EventField.EffectiveInput));
        facts.Remark = ShortLine.OfText(view.Raw(EventField.OutcomeReason))
            ?? ShortLine.OfText(view.Raw(EventField.Description)) ?? ShortLine.OfText(view.Raw(EventField.Error));
        facts.Decision = view.Name(EventField.Decision, names);
        facts.By = view.Name(EventField.By, names);
        facts.Success = view.Flag(EventField.Success);
        facts.DurationMs = view.Number(EventField.DurationMs);
    }

    /// <summary>Two values that are both given, and are not the same however they are printed.</summary>
    private static bool AreOther(ReadOnlySpan<byte> requested, ReadOnlySpan<byte> effective)
    {
        if (requested is [] or [(byte)'n', ..] || effective is [] or [(byte)'n', ..]
            || requested.SequenceEqual(effective))
        {
            return false;
        }

        // As they are hashed: the framework's comparison does not take every number that a host may send.
        var asked = new ArrayBufferWriter<byte>(requested.Length);
        var ran = new ArrayBufferWriter<byte>(effective.Length);
        CanonicalJson.Write(requested, asked);
        CanonicalJson.Write(effective, ran);
        return !asked.WrittenSpan.SequenceEqual(ran.WrittenSpan);
    }

    private static Timestamp Time(in EventView view, EventField field) => Instants.Clamp(view.Time(field) ?? default);

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

/// <summary>An event that cannot be read. It is never passed over silently.</summary>
public sealed class PoisonException(
    long position, string sentence, Exception? inner = null) : Exception(sentence, inner)
{
    public long Position { get; } = position;
}
