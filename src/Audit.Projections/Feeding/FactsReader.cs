using System.Text.Json;

namespace Audit.Projections.Feeding;

/// <summary>
/// Reads events into facts: once each, and only what the read models ask for. The strict reader of the law hashes records
/// and refuses repeated keys; that was done before the event was written, and doing it again would take most of the time.
/// </summary>
internal sealed class FactsReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = StrictJsonReader.MaxDepth + 2 };

    private readonly RecordFactsReader records;
    private readonly VerdictFactsReader verdicts;
    private readonly SharedNames names = new();

    public FactsReader()
    {
        records = new RecordFactsReader(names);
        verdicts = new VerdictFactsReader(names);
    }

    /// <exception cref="PoisonException">The event cannot be read.</exception>
    public EventFacts Read(JournalRow row)
    {
        try
        {
            return ReadKnown(row);
        }
        catch (Exception exception) when (exception is JsonException or InvalidDataException or InvalidOperationException
            or FormatException or ArgumentException or KeyNotFoundException or NullReferenceException)
        {
            throw new PoisonException(row.Position, $"The row at position {row.Position} cannot be read: {exception.Message}", exception);
        }
    }

    private EventFacts ReadKnown(JournalRow row)
    {
        var facts = new EventFacts { Position = row.Position, Sequence = row.Sequence, Stream = row.PersistenceId };
        facts.Kind = KindOf(row, out var name);
        if (facts.Kind == EventKind.Passed)
        {
            facts.ReceivedAt = ReceivedAtOrNever(row);
            return facts;
        }

        StreamParts.Split(row.PersistenceId, facts);
        ReadMembers(row.Message, facts);
        switch (facts.Kind)
        {
            case EventKind.Told:
                facts.Oversized = name == EventNames.CallOversized;
                Complete(facts);
                break;
            case EventKind.Window:
                facts.Window = WindowClock.Clamp(EventReader.ReadWindow(row));
                break;
        }

        return facts;
    }

    /// <summary>A row of a stream of calls, sessions or windows must be known; what else there may be is others' business.</summary>
    private static EventKind KindOf(JournalRow row, out string name)
    {
        name = "";
        if (!StreamParts.IsOurs(row.PersistenceId))
        {
            return EventKind.Passed;
        }

        name = EventReader.NameOf(row.Manifest);
        if (row.Identifier != JournalTable.SerializerId || !EventNames.IsKnown(name) || EventNames.ManifestOf(name) != row.Manifest)
        {
            throw new InvalidDataException($"it is a \"{row.Manifest}\", which this program does not know");
        }

        return name switch
        {
            EventNames.CallTransitioned or EventNames.CallViolated or EventNames.CallOversized => EventKind.Told,
            EventNames.CallRejudged => EventKind.Rejudged,
            EventNames.CallFlooded => EventKind.Flooded,
            EventNames.SessionNoted => EventKind.Noted,
            _ when EventNames.IsWindow(name) => EventKind.Window,
            _ => EventKind.Passed,
        };
    }

    private void ReadMembers(byte[] message, EventFacts facts)
    {
        var json = new Utf8JsonReader(message, Options);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("record"u8))
            {
                json.Read();
                records.Read(ref json, message, facts);
            }
            else if (!ReadEnvelope(ref json, facts) && !ReadDelivery(ref json, facts) && !verdicts.ReadMember(ref json, facts))
            {
                json.Read();
                json.Skip();
            }
        }
    }

    private bool ReadEnvelope(ref Utf8JsonReader json, EventFacts facts)
    {
        if (json.ValueTextEquals("received_at"u8))
        {
            facts.ReceivedAt = JsonFacts.Time(ref json);
        }
        else if (json.ValueTextEquals("host"u8))
        {
            facts.Host = JsonFacts.Name(ref json, names) ?? "";
        }
        else if (json.ValueTextEquals("task_id"u8))
        {
            facts.Task = JsonFacts.Name(ref json, names);
        }
        else if (json.ValueTextEquals("agent"u8))
        {
            facts.Agent = JsonFacts.Name(ref json, names);
        }
        else
        {
            return false;
        }

        return true;
    }

    private bool ReadDelivery(ref Utf8JsonReader json, EventFacts facts)
    {
        if (json.ValueTextEquals("seq"u8))
        {
            facts.Seq = JsonFacts.Number(ref json);
        }
        else if (json.ValueTextEquals("late"u8))
        {
            facts.Late = JsonFacts.Flag(ref json);
        }
        else if (json.ValueTextEquals("made_by_node"u8))
        {
            facts.MadeByNode = JsonFacts.Flag(ref json);
        }
        else if (json.ValueTextEquals("time"u8))
        {
            facts.TimeInferred = JsonFacts.Name(ref json, names) == "inferred";
        }
        else if (json.ValueTextEquals("count"u8))
        {
            facts.Flooded = JsonFacts.Number(ref json) ?? 0;
        }
        else if (json.ValueTextEquals("type"u8))
        {
            facts.NoteType = JsonFacts.Name(ref json, names);
        }
        else if (json.ValueTextEquals("at"u8))
        {
            facts.RecordedAt = JsonFacts.Time(ref json);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static void Complete(EventFacts facts)
    {
        if (facts.Oversized)
        {
            facts.RecordedAt = facts.ReceivedAt;
            facts.Verdict = new Verdict(default, default, 0, Anomalies.Oversized, ViolationCause.None);
        }
        else if (facts.RecordedAt == default || facts.Message == (MessageKind)byte.MaxValue)
        {
            throw new InvalidDataException("it holds no record");
        }

        if (facts.Verdict.IsViolation)
        {
            facts.Verdict = facts.Verdict with { To = facts.Verdict.From };
        }
    }

    /// <summary>When a row was received; the beginning of time for one that cannot be read or does not say.</summary>
    public static Timestamp ReceivedAtOrNever(JournalRow row)
    {
        try
        {
            return row.Identifier == JournalTable.SerializerId ? ReceivedAtOf(row) : default;
        }
        catch (Exception exception) when (exception is JsonException or InvalidDataException or InvalidOperationException)
        {
            return default;
        }
    }

    private static Timestamp ReceivedAtOf(JournalRow row)
    {
        var json = new Utf8JsonReader(row.Message, Options);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("received_at"u8))
            {
                return JsonFacts.Time(ref json);
            }

            json.Read();
            json.Skip();
        }

        return default;
    }
}
