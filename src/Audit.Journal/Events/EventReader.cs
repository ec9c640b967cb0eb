namespace Audit.Journal.Events;

/// <summary>Reads back what <see cref="EventWriter"/> wrote. Fields it does not know are passed over.</summary>
public static class EventReader
{
    /// <summary>The octets of the record as they were sent; empty where an event has none.</summary>
    public static ReadOnlyMemory<byte> RecordOf(byte[] message)
    {
        var view = EventView.Read(message);
        return message.AsMemory(view.PlaceOf(EventField.Record));
    }

    public static CallEvent ReadCall(JournalRow row) => ReadCall(row, ViewOf(row));

    /// <param name="view">Of the row's message.</param>
    public static CallEvent ReadCall(JournalRow row, in EventView view)
    {
        try
        {
            return KnownNameOf(row) switch
            {
                EventNames.CallTransitioned or EventNames.CallViolated or EventNames.CallConfirmed => Received(view),
                EventNames.CallRejudged => new CallEvent.Rejudged(
                    view.Count(EventField.Sequence), view.Verdict(EventField.Was), view.Verdict(EventField.Now),
                    view.Text(EventField.Reason) ?? ""),
                EventNames.CallRetimed => new CallEvent.Retimed(
                    view.Count(EventField.Sequence), view.RequiredTime(EventField.Was),
                    view.Time(EventField.Now) ?? view.RequiredTime(EventField.AlsoDated),
                    Counts: !view.Raw(EventField.Now).IsEmpty),
                EventNames.CallFlooded => new CallEvent.Flooded(
                    view.RecordedKind() ?? default, view.CauseOf(EventField.Cause), view.RequiredTime(EventField.First),
                    view.RequiredTime(EventField.Last), view.Count(EventField.Count), view.Hash(EventField.Chain),
                    view.Count(EventField.Total)),
                EventNames.CallReviewed => new CallEvent.Reviewed(ReviewOf(view)),
                EventNames.CallOversized => new CallEvent.Received(
                    CallMessage.Oversized(view.Count(EventField.Bytes), DeliveryOf(view)),
                    new Verdict(default, default, 0, Anomalies.Oversized, ViolationCause.None), EntryWeight.Oversized,
                    Late: false),
                _ => throw Unknown(row),
            };
        }
        catch (UnreadableException exception)
        {
            throw Unreadable(row, exception);
        }
    }

    public static SessionNote ReadNote(JournalRow row)
    {
        if (KnownNameOf(row) != EventNames.SessionNoted)
        {
            throw Unknown(row);
        }

        try
        {
            var view = EventView.Read(row.Message);
            return SessionNote.Of(view.Text(EventField.Type) ?? "", view.RequiredTime(EventField.At), DeliveryOf(view));
        }
        catch (UnreadableException exception)
        {
            throw Unreadable(row, exception);
        }
    }

    public static WindowEvent ReadWindow(JournalRow row) => ReadWindow(row, ViewOf(row));

    /// <param name="view">Of the row's message.</param>
    public static WindowEvent ReadWindow(JournalRow row, in EventView view)
    {
        var name = KnownNameOf(row);
        try
        {
            return EventNames.IsWindow(name) ? WindowEventReader.Read(name, view) : throw Unknown(row);
        }
        catch (UnreadableException exception)
        {
            throw Unreadable(row, exception);
        }
    }

    /// <summary>The name of an event without its version.</summary>
    public static string NameOf(string manifest)
    {
        var end = manifest.LastIndexOf(".v", StringComparison.Ordinal);
        return end < 0 ? manifest : manifest[..end];
    }

    /// <exception cref="InvalidDataException">Its message is no JSON object.</exception>
    public static EventView ViewOf(JournalRow row)
    {
        try
        {
            return EventView.Read(row.Message);
        }
        catch (UnreadableException exception)
        {
            throw Unreadable(row, exception);
        }
    }

    /// <summary>A new version has a new meaning: it is refused rather than read as the one that is known.</summary>
    private static string KnownNameOf(JournalRow row)
    {
        var name = NameOf(row.Manifest);
        return EventNames.IsKnown(name) && EventNames.ManifestOf(name) == row.Manifest ? name : throw Unknown(row);
    }

    private static InvalidDataException Unreadable(JournalRow row, Exception exception) =>
        new($"The row at position {row.Position} cannot be read: {exception.Message}", exception);

    private static InvalidDataException Unknown(JournalRow row) =>
        new($"The row at position {row.Position} is a \"{row.Manifest}\", which this program does not know.");

    private static CallEvent.Received Received(in EventView view)
    {
        var verdict = view.Verdict();
        var delivery = DeliveryOf(view) with
        {
            Truncated = (verdict.Anomalies & Anomalies.Truncated) != 0,
            NotSeenWhole = (verdict.Anomalies & Anomalies.NotSeenWhole) != 0,
            MintedByParty = (verdict.Anomalies & Anomalies.MintedByParty) != 0,
        };
        var message = CallMessage.Of(view.RecordedFacts(), delivery) with
        {
            SentBytes = view.Count(EventField.Bytes),
            Said = view.IsObject(EventField.Compared) ? SaidOf(view) : null,
            Beside = view.Number(EventField.BesideSequence) is { } beside
                ? new Beside(beside, Words.SaidFieldsNamed(view.Texts(EventField.Differing)))
                : null,
        };
        var weight = Entry.WeightOf(verdict.Cause, message);
        return new CallEvent.Received(message, verdict, weight, view.Flag(EventField.Late) == true);
    }

    private static Said SaidOf(in EventView view) => new(
        view.Hash(EventField.SaidOutcome), view.Hash(EventField.SaidText), view.Hash(EventField.SaidHead),
        view.Hash(EventField.SaidLonger), view.Hash(EventField.SaidData));

    internal static Review ReviewOf(in EventView view)
    {
        var words = view.Texts(EventField.Verdicts).ToList();
        var verdicts = view.Numbers(EventField.Sequences).Zip(words, SeenVerdict.Of).OfType<SeenVerdict>().ToArray();
        return verdicts.Length == words.Count && words.Count > 0
            ? new Review(
                verdicts, view.Required(EventField.ReviewedBy), view.Text(EventField.Person),
                view.RequiredTime(EventField.ReceivedAt))
            {
                MayBeOwn = view.Flag(EventField.SelfApproved) == true,
                Finding = Words.FindingOf(view.Text(EventField.Finding)),
            }
            : throw view.Unreadable(EventField.Verdicts, "each is of a message, and one that is known");
    }

    private static Delivery DeliveryOf(in EventView view) => new()
    {
        ReceivedAt = view.RequiredTime(EventField.ReceivedAt),
        Token = view.Text(EventField.Token) ?? "",
        TaskId = view.Text(EventField.TaskId),
        MessageId = view.Text(EventField.MessageId),
        Dedup = view.Hash(EventField.Dedup),
        Seq = view.Number(EventField.Seq),
        Derived = view.Flag(EventField.Derived) == true,
        DerivedId = view.Text(EventField.DerivedId),
        Channel = view.Text(EventField.Channel),
        TimeInferred = view.Text(EventField.Time) == "inferred",
        MadeByNode = view.Flag(EventField.MadeByNode) == true,
        Answers = view.Number(EventField.AnsweredSequence) is { } sequence
            ? new Answer(sequence, view.Hash(EventField.AnsweredQuestion))
            : null,
        Person = view.Text(EventField.Person),
        SelfApproved = view.Flag(EventField.SelfApproved) == true,
        Policy = PolicyOf(view),
        ExpiresAt = view.Time(EventField.ExpiresAt),
        Parent = view.Text(EventField.Parent),
    };

    /// <summary>By which policy it was asked or answered; null where by none.</summary>
    public static PolicyMark? PolicyOf(in EventView view) => !view.IsObject(EventField.Policy) ? null : new(
        view.Text(EventField.PolicyVersion), view.Text(EventField.PolicyRule), view.Text(EventField.PolicyWould),
        view.Text(EventField.PolicyWouldRule), view.Text(EventField.PolicyOrder),
        (int)Math.Max(view.Count(EventField.PolicyPeople), 1),
        view.Raw(EventField.PolicyApprovers).IsEmpty ? null
            : string.Join('\n', view.Texts(EventField.PolicyApprovers)),
        view.Text(EventField.PolicyKind), view.Text(EventField.PolicyLocation));
}
