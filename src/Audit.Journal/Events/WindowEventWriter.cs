namespace Audit.Journal.Events;

/// <summary>Writes what is asked for with a task window, and what is accepted there.</summary>
internal static class WindowEventWriter
{
    public static void Write(Utf8JsonWriter json, WindowTerms terms)
    {
        json.WriteStartObject(EventField.Terms);
        json.WriteString(EventField.TermsTask, terms.TaskId);
        json.WriteString(EventField.TermsAgent, terms.Agent);
        WriteList(json, EventField.Scope, terms.Scope);
        if (!terms.Sources.SequenceEqual(WindowLimits.AnySource))
        {
            WriteList(json, EventField.TermsSources, terms.Sources);
        }

        json.WriteString(EventField.TermsReason, terms.Reason);
        if (terms.OpensAt is { } opens)
        {
            json.WriteString(EventField.TermsOpensAt, opens.ToString());
        }

        if (terms.ClosesAt is { } closes)
        {
            json.WriteString(EventField.TermsClosesAt, closes.ToString());
        }

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

    public static void WriteList(Utf8JsonWriter json, EventField field, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(field);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
