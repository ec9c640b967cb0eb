namespace Audit.Journal.Events;

/// <summary>Reads the events of task windows, which are few, so that plain code matters more than speed.</summary>
internal static class WindowEventReader
{
    public static WindowEvent Read(string name, in EventView view)
    {
        var from = Enum.Parse<WindowState>(view.Required(EventField.From), ignoreCase: true);
        if (name == EventNames.WindowReviewed)
        {
            return WindowEvent.Reviewed.Of(EventReader.ReviewOf(view), from, view.Text(EventField.ReviewReason));
        }

        var message = ReadMessage(view);
        return EventNames.WindowKind(name) switch
        {
            WindowEventKind.Requested => new WindowEvent.Requested(message, from, ReadTerms(view)),
            WindowEventKind.Approved => new WindowEvent.Approved(
                message, from, view.RequiredTime(EventField.OpensAt), view.RequiredTime(EventField.ClosesAt)),
            WindowEventKind.Denied => new WindowEvent.Denied(message, from),
            WindowEventKind.Extended => new WindowEvent.Extended(message, from, view.RequiredTime(EventField.ClosesAt)),
            WindowEventKind.Revoked => new WindowEvent.Revoked(message, from),
            WindowEventKind.Closed => new WindowEvent.Closed(message, from),
            WindowEventKind.Accepted => new WindowEvent.Accepted(message, from, ReadSpan(view)),
            _ => new WindowEvent.Violated(message, from, view.Required(EventField.Violation)),
        };
    }

    private static WindowMessage ReadMessage(in EventView view)
    {
        var delivery = new WindowDelivery
        {
            Actor = view.Required(EventField.Token),
            Source = view.Text(EventField.Source),
            Person = view.Text(EventField.Person),
            OnBehalfOf = view.Text(EventField.OnBehalfOf),
            ReceivedAt = view.RequiredTime(EventField.ReceivedAt),
            Dedup = view.Hash(EventField.Dedup),
            MessageId = view.Text(EventField.MessageId),
            Reason = view.Text(EventField.Reason),
            MintedByParty = view.Flag(EventField.MintedByParty) == true,
        };
        var verb = Enum.Parse<WindowVerb>(view.Required(EventField.Verb), ignoreCase: true);
        var terms = verb is WindowVerb.Request or WindowVerb.Grant ? ReadTerms(view) : null;
        Timestamp? closesAt = verb == WindowVerb.Extend ? view.RequiredTime(EventField.ClosesAt) : null;
        var span = verb == WindowVerb.Accept ? ReadSpan(view) : null;
        return WindowMessage.Of(verb, delivery, terms, closesAt, span);
    }

    private static WindowSpan ReadSpan(in EventView view) => new(
        new SessionName(view.Required(EventField.AcceptedSource), view.Required(EventField.AcceptedSession)),
        view.RequiredTime(EventField.AcceptedFrom),
        view.RequiredTime(EventField.AcceptedUntil), view.Number(EventField.AcceptedThrough));

    private static WindowTerms ReadTerms(in EventView view) =>
        new(
            view.Required(EventField.TermsTask),
            view.Required(EventField.TermsAgent),
            [.. view.Texts(EventField.Scope)],
            view.Required(EventField.TermsReason))
        {
            Alias = view.Text(EventField.TermsAlias),
            Sources = view.Texts(EventField.TermsSources).ToArray() is { Length: > 0 } sources
                ? sources : WindowLimits.AnySource,
            OpensAt = view.Time(EventField.TermsOpensAt),
            ClosesAt = view.Time(EventField.TermsClosesAt),
            Duration = view.Fraction(EventField.DurationSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        };
}

/// <summary>Writes what is asked for with a task window, and what is accepted there.</summary>
internal static class WindowEventWriter
{
    public static void Write(Utf8JsonWriter json, WindowTerms terms)
    {
        json.WriteStartObject(EventField.Terms);
        json.WriteOptional(EventField.TermsAlias, terms.Alias);
        json.WriteString(EventField.TermsTask, terms.TaskId);
        json.WriteString(EventField.TermsAgent, terms.Agent);
        json.WriteTexts(EventField.Scope, terms.Scope);
        if (!terms.Sources.SequenceEqual(WindowLimits.AnySource))
        {
            json.WriteTexts(EventField.TermsSources, terms.Sources);
        }

        json.WriteString(EventField.TermsReason, terms.Reason);
        json.WriteOptional(EventField.TermsOpensAt, terms.OpensAt?.ToString());
        json.WriteOptional(EventField.TermsClosesAt, terms.ClosesAt?.ToString());
        if (terms.Duration is { } duration)
        {
            json.WriteNumber(EventField.DurationSeconds, duration.TotalSeconds);
        }

        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, WindowSpan span)
    {
        json.WriteStartObject(EventField.Accepted);
        json.WriteString(EventField.AcceptedSource, span.Session.Source);
        json.WriteString(EventField.AcceptedSession, span.Session.Id);
        json.WriteString(EventField.AcceptedFrom, span.From.ToString());
        json.WriteString(EventField.AcceptedUntil, span.Until.ToString());
        if (span.Through is { } through)
        {
            json.WriteNumber(EventField.AcceptedThrough, through);
        }

        json.WriteEndObject();
    }
}
