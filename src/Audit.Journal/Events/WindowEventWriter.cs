namespace Audit.Journal.Events;

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
