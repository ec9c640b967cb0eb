namespace Audit.Actors.Messages;

/// <summary>Turns submissions into what travels, and back.</summary>
internal static class Submissions
{
    public static MailItem ToMail(Submission submission) => submission switch
    {
        CallSubmission call => OfCall(call),
        NoteSubmission note => OfNote(note),
        WindowSubmission window => OfWindow(window),
        OperatorSubmission act => OfOperator(act),
        _ => throw new ArgumentOutOfRangeException(nameof(submission), submission, "No actor takes such a submission."),
    };

    public static Submission FromMail(string stream, MailItem item) => item.Kind switch
    {
        MailKind.Call => ToCall(new StreamKey(stream), item),
        MailKind.Note => ToNote(new StreamKey(stream), item),
        MailKind.Window => ToWindow(item),
        MailKind.Operator => new OperatorSubmission(stream, item.Name!, item.Host, At(item)!.Value, item.Body),
        _ => throw new InvalidDataException($"A mail item of the kind {item.Kind} is not known."),
    };

    private static MailItem OfCall(CallSubmission call)
    {
        var message = call.Message;
        return new MailItem
        {
            Kind = MailKind.Call,
            Id = call.SessionId,
            CallId = call.ToolCallId,
            Agent = call.Agent,
            TaskId = message.TaskId,
            Host = message.Host,
            MessageId = message.MessageId,
            Message = (byte)message.Kind,
            Body = call.Record.ToArray(),
            Success = message.Success,
            NeedsConfirmation = message.NeedsConfirmation,
            MadeByNode = message.MadeByNode,
            Derived = message.Derived,
            TimeInferred = message.TimeInferred,
            Truncated = message.Truncated,
            HasSeq = message.Seq is not null,
            Seq = message.Seq ?? 0,
            Turn = message.Turn,
            OversizedBytes = message.OversizedBytes,
            ToolName = message.ToolName,
            Provider = message.Provider,
            AtTicks = message.RecordedAt.Ticks,
            AtNanos = message.RecordedAt.Nanos,
            ReceivedTicks = message.ReceivedAt.Ticks,
            ReceivedNanos = message.ReceivedAt.Nanos,
            Dedup = Octets(message.Dedup),
            Input = Octets(message.Input),
            Result = Octets(message.Result),
        };
    }

    private static CallSubmission ToCall(StreamKey stream, MailItem item)
    {
        var delivery = DeliveryOf(item);
        var message = item.OversizedBytes > 0
            ? CallMessage.Oversized(item.OversizedBytes, delivery)
            : CallMessage.Of(FactsOf(item), delivery);
        return new CallSubmission(stream, item.Id, item.CallId!, item.Agent, message, item.Body);
    }

    private static MailItem OfNote(NoteSubmission told) => new()
    {
        Kind = MailKind.Note,
        Id = told.SessionId,
        TaskId = told.TaskId,
        Agent = told.Agent,
        Name = told.Note.Type,
        AtTicks = told.Note.At.Ticks,
        AtNanos = told.Note.At.Nanos,
        ReceivedTicks = told.Note.ReceivedAt.Ticks,
        ReceivedNanos = told.Note.ReceivedAt.Nanos,
        Host = told.Note.Host,
        HasSeq = told.Note.Seq is not null,
        Seq = told.Note.Seq ?? 0,
        MessageId = told.Note.MessageId,
        Dedup = Octets(told.Note.Dedup),
        Derived = told.Note.Derived,
        TimeInferred = told.Note.TimeInferred,
        Body = told.Detail.ToArray(),
    };

    private static NoteSubmission ToNote(StreamKey stream, MailItem item)
    {
        var note = SessionNote.Of(item.Name!, At(item)!.Value, DeliveryOf(item));
        return new NoteSubmission(stream, item.Id, item.TaskId, item.Agent, note, item.Body);
    }

    private static MailItem OfWindow(WindowSubmission said)
    {
        var message = said.Message;
        var terms = message.Terms;
        return new MailItem
        {
            Kind = MailKind.Window,
            Id = said.WindowId,
            Message = (byte)message.Verb,
            Host = message.Actor,
            OnBehalfOf = message.OnBehalfOf,
            ReceivedTicks = message.ReceivedAt.Ticks,
            ReceivedNanos = message.ReceivedAt.Nanos,
            Dedup = Octets(message.Dedup),
            MessageId = message.MessageId,
            Reason = message.Reason,
            ClosesTicks = message.ClosesAt?.Ticks ?? -1,
            ClosesNanos = message.ClosesAt?.Nanos ?? 0,
            HasTerms = terms is not null,
            TaskId = terms?.TaskId,
            Agent = terms?.Agent,
            Scope = terms is null ? [] : [.. terms.Scope],
            TermsReason = terms?.Reason,
            TermsOpensTicks = terms?.OpensAt?.Ticks ?? -1,
            TermsOpensNanos = terms?.OpensAt?.Nanos ?? 0,
            TermsClosesTicks = terms?.ClosesAt?.Ticks ?? -1,
            TermsClosesNanos = terms?.ClosesAt?.Nanos ?? 0,
            DurationTicks = terms?.Duration?.Ticks ?? -1,
            Body = said.Said.ToArray(),
        };
    }

    private static WindowSubmission ToWindow(MailItem item)
    {
        var message = new WindowMessage
        {
            Verb = (WindowVerb)item.Message,
            Actor = item.Host,
            OnBehalfOf = item.OnBehalfOf,
            ReceivedAt = Received(item),
            Dedup = Hash(item.Dedup),
            MessageId = item.MessageId,
            Reason = item.Reason,
            ClosesAt = Time(item.ClosesTicks, item.ClosesNanos),
            Terms = item.HasTerms ? ToTerms(item) : null,
        };
        return new WindowSubmission(item.Id, message, item.Body);
    }

    private static WindowTerms ToTerms(MailItem item) => new(item.TaskId!, item.Agent!, item.Scope, item.TermsReason!)
    {
        OpensAt = Time(item.TermsOpensTicks, item.TermsOpensNanos),
        ClosesAt = Time(item.TermsClosesTicks, item.TermsClosesNanos),
        Duration = item.DurationTicks < 0 ? null : TimeSpan.FromTicks(item.DurationTicks),
    };

    private static MailItem OfOperator(OperatorSubmission act) => new()
    {
        Kind = MailKind.Operator,
        Name = act.Act,
        Host = act.Actor,
        AtTicks = act.At.Ticks,
        AtNanos = act.At.Nanos,
        Body = act.Detail.ToArray(),
    };

    private static RecordFacts FactsOf(MailItem item) => new()
    {
        ToolCallId = item.CallId!,
        Kind = (MessageKind)item.Message,
        Success = item.Success,
        ToolName = item.ToolName,
        Provider = item.Provider,
        NeedsConfirmation = item.NeedsConfirmation,
        Turn = item.Turn,
        RecordedAt = At(item)!.Value,
        Input = Hash(item.Input),
        Result = Hash(item.Result),
    };

    private static Delivery DeliveryOf(MailItem item) => new()
    {
        ReceivedAt = Received(item),
        Host = item.Host,
        Dedup = Hash(item.Dedup),
        Seq = item.HasSeq ? item.Seq : null,
        MessageId = item.MessageId,
        TaskId = item.TaskId,
        Derived = item.Derived,
        TimeInferred = item.TimeInferred,
        MadeByNode = item.MadeByNode,
        Truncated = item.Truncated,
    };

    private static Timestamp? At(MailItem item) => Time(item.AtTicks, item.AtNanos);

    private static Timestamp Received(MailItem item) => new(item.ReceivedTicks, item.ReceivedNanos);

    private static Timestamp? Time(long ticks, byte nanos) => ticks < 0 ? null : new Timestamp(ticks, nanos);

    private static byte[] Octets(Fingerprint hash)
    {
        if (hash.IsEmpty)
        {
            return [];
        }

        var octets = new byte[Fingerprint.Length];
        hash.CopyTo(octets);
        return octets;
    }

    private static Fingerprint Hash(byte[] octets) => octets.Length == 0 ? default : Fingerprint.From(octets);
}
