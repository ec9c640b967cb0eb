using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text.Unicode;
using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Json;
using Audit.Lifecycle.Records;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Events;

/// <summary>
/// An event as its message has it. One pass finds where its members lie; each is read when it is asked for, and
/// nothing is hashed
/// or kept. What is missing or of another shape than expected is null, but where the law needs it: there it is refused.
/// </summary>
public readonly struct EventView
{
    /// <summary>A record or a body may be as deep as an item may be, and an event holds it deeper.</summary>
    public const int MaxDepth = StrictJsonReader.MaxDepth + 8;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    private readonly Places places;

    private EventView(ReadOnlyMemory<byte> message, bool headOnly)
    {
        Message = message;
        var json = new Utf8JsonReader(message.Span, Options);
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                throw new UnreadableException("", "an event is a JSON object");
            }

            if (Find(ref json, EventField.OfEvent, ref places, headOnly))
            {
                json.Read();
            }
        }
        catch (JsonException exception)
        {
            throw new UnreadableException("", $"not JSON: {exception.Message}");
        }

        (headOnly ? Parsed.Heads : Parsed.Events).Add(1);
    }

    /// <summary>All of the event; it need not be kept unless a view of it is.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    /// <exception cref="UnreadableException">The message is no JSON object.</exception>
    public static EventView Read(ReadOnlyMemory<byte> message) => new(message, headOnly: false);

    /// <summary>Reads what stands before the record or the detail, which are by far the largest.</summary>
    /// <exception cref="UnreadableException">The message does not begin as a JSON object.</exception>
    public static EventView ReadHead(ReadOnlyMemory<byte> message) => new(message, headOnly: true);

    public static bool TryRead(ReadOnlyMemory<byte> message, out EventView view)
    {
        try
        {
            view = Read(message);
            return true;
        }
        catch (UnreadableException)
        {
            view = default;
            return false;
        }
    }

    /// <summary>The JSON of a member as it stands there; empty where there is none.</summary>
    public ReadOnlySpan<byte> Raw(EventField field) => Message.Span[PlaceOf(field)];

    /// <summary>Where the JSON of a member lies in the message.</summary>
    public Range PlaceOf(EventField field) => places[field.Index].Start..places[field.Index].End;

    /// <summary>The text of a member as it stands there, with its escapes; empty where there is none.</summary>
    public ReadOnlySpan<byte> Utf8Text(EventField field) => IsText(field, out var inner, out _) ? inner : default;

    public bool IsObject(EventField field) => Raw(field) is [(byte)'{', ..];

    public string? Text(EventField field) =>
        IsText(field, out var inner, out var escaped) ? Decode(field, inner, escaped) : null;

    /// <summary>A text that stands in event after event: one string serves them all.</summary>
    public string? Name(EventField field, SharedNames names) =>
        !IsText(field, out var inner, out var escaped) ? null : escaped ? Decode(field, inner, escaped)
            : names.Of(inner);

    public long? Number(EventField field)
    {
        var raw = Raw(field);
        return Utf8Parser.TryParse(raw, out long number, out var length) && length == raw.Length ? number : null;
    }

    public double? Fraction(EventField field) =>
        Utf8Parser.TryParse(Raw(field), out double number, out _) ? number : null;

    public bool? Flag(EventField field) => Raw(field) switch
    {
        [(byte)'t', ..] => true,
        [(byte)'f', ..] => false,
        _ => null,
    };

    public IEnumerable<string> Texts(EventField field)
    {
        var texts = new List<string>();
        if (Raw(field) is [(byte)'[', ..] raw)
        {
            var json = new Utf8JsonReader(raw, Options);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.String)
            {
                texts.Add(json.GetString()!);
            }
        }

        return texts;
    }

    public IReadOnlyList<long> Numbers(EventField field)
    {
        var numbers = new List<long>();
        if (Raw(field) is [(byte)'[', ..] raw)
        {
            var json = new Utf8JsonReader(raw, Options);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var number))
            {
                numbers.Add(number);
            }
        }

        return numbers;
    }

    /// <exception cref="UnreadableException">It is there and no time.</exception>
    public Timestamp? Time(EventField field)
    {
        if (Raw(field) is [] or [(byte)'n', ..])
        {
            return null;
        }

        var time = default(Timestamp);
        var isTime = IsText(field, out var inner, out var escaped)
            && (escaped ? Rfc3339.TryParse(Decode(field, inner, escaped), out time)
                : Rfc3339.TryParse(inner, out time));
        return isTime ? time : throw Unreadable(field, $"not an RFC 3339 time: {Quote(field)}");
    }

    /// <summary>A whole number that is not negative; 0 where there is none.</summary>
    /// <exception cref="UnreadableException">It is another number or none.</exception>
    public long Count(EventField field) => Raw(field).IsEmpty ? 0
        : Number(field) is >= 0 and var count ? count
        : throw Unreadable(field, $"a whole number that is not negative is expected, not {Quote(field)}");

    public Fingerprint Hash(EventField field)
    {
        Span<byte> hash = stackalloc byte[Fingerprint.Length];
        return IsText(field, out var inner, out _) && Base64Url.TryDecodeFromUtf8(inner, hash, out var length)
            && length == hash.Length
            ? Fingerprint.From(hash)
            : default;
    }

    /// <summary>The text of a member that must be there.</summary>
    /// <exception cref="UnreadableException">It is not there, or no text.</exception>
    public string Required(EventField field) =>
        Text(field) ?? throw Unreadable(field, Raw(field).IsEmpty ? "missing"
            : $"a string is expected, not {Quote(field)}");

    /// <exception cref="UnreadableException">It is not there, or no time.</exception>
    public Timestamp RequiredTime(EventField field) => Time(field) ?? throw Unreadable(field, "missing");

    /// <summary>The verdict on arrival.</summary>
    /// <exception cref="UnreadableException">It names what this program does not know.</exception>
    public Verdict Verdict() =>
        ReadVerdict(EventField.From, EventField.To, EventField.Cause, EventField.Attempt, EventField.Anomalies);

    /// <summary>One of the two verdicts of a re-judgement.</summary>
    /// <param name="field"><see cref="EventField.Was"/> or <see cref="EventField.Now"/>.</param>
    /// <exception cref="UnreadableException">It names what this program does not know.</exception>
    public Verdict Verdict(EventField field) =>
        field.Members is [var from, var to, var cause, var attempt, var anomalies]
            ? ReadVerdict(from, to, cause, attempt, anomalies)
            : throw new ArgumentOutOfRangeException(nameof(field), field.Name, "Only a re-judgement holds verdicts.");

    /// <summary>What the record says happened; null in an event without a record.</summary>
    /// <exception cref="UnreadableException">It names what this program does not know.</exception>
    public MessageKind? RecordedKind() =>
        Raw(EventField.FactKind).IsEmpty ? null
        : Words.TryKind(Word(EventField.FactKind), out var kind) ? kind
        : throw Unreadable(EventField.FactKind, $"the kind {Quote(EventField.FactKind)} is not known");

    /// <summary>What the law asks of the record, as the intake found it.</summary>
    /// <exception cref="UnreadableException">The event is about no record, or one that this program does not
    /// know.</exception>
    public RecordFacts RecordedFacts()
    {
        var kind = RecordedKind() ?? throw Unreadable(EventField.FactKind, "the event is about no record");
        var names = SharedNames.OfThread;
        return new RecordFacts
        {
            ToolCallId = Required(EventField.ToolCallId),
            Kind = kind,
            Success = Flag(EventField.FactSuccess) == true,
            ToolName = Name(EventField.FactTool, names),
            Provider = Name(EventField.FactProvider, names),
            NeedsConfirmation = Text(EventField.FactTier) == "Confirm",
            Turn = Count(EventField.FactTurn),
            RecordedAt = RequiredTime(EventField.FactRecordedAt),
            Input = Hash(EventField.FactInput),
            Result = Hash(EventField.FactResult),
            Question = Hash(EventField.Question),
        };
    }

    public UnreadableException Unreadable(EventField field, string sentence) => new(field.Name, sentence);

    /// <exception cref="UnreadableException">It names what this program does not know.</exception>
    public ViolationCause CauseOf(EventField field) => Raw(field).IsEmpty ? ViolationCause.None
        : Words.TryCause(Word(field), out var known) ? known
        : throw Unreadable(field, $"the cause {Quote(field)} is not known");

    /// <summary>A violation is written without the state it leads to, for it leaves the call where it was.</summary>
    private Verdict ReadVerdict(EventField from, EventField to, EventField cause, EventField attempt,
        EventField anomalies)
    {
        var violated = CauseOf(cause);
        var before = State(from);
        var after = violated == ViolationCause.None ? State(to) : before;
        return new Verdict(before, after, (int)Count(attempt), AnomaliesOf(anomalies), violated);
    }

    private CallState State(EventField field) =>
        Raw(field).IsEmpty ? CallState.None
        : Words.TryState(Word(field), out var state) ? state
        : throw Unreadable(field, $"the state {Quote(field)} is not known");

    private ReadOnlySpan<byte> Word(EventField field) =>
        IsText(field, out var inner, out _) ? inner
            : throw Unreadable(field, $"a string is expected, not {Quote(field)}");

    private Anomalies AnomaliesOf(EventField field)
    {
        var raw = Raw(field);
        var anomalies = Anomalies.None;
        if (raw.Length <= "[]"u8.Length)
        {
            return anomalies;
        }

        var json = new Utf8JsonReader(raw, Options);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.String)
        {
            anomalies |= Words.AnomalyNamed(json.ValueSpan);
        }

        return anomalies;
    }

    private bool IsText(EventField field, out ReadOnlySpan<byte> inner, out bool escaped)
    {
        var raw = Raw(field);
        var isText = raw is [(byte)'"', .., (byte)'"'];
        inner = isText ? raw[1..^1] : default;
        escaped = inner.Contains((byte)'\\');
        return isText;
    }

    private string Decode(EventField field, ReadOnlySpan<byte> inner, bool escaped)
    {
        if (!escaped)
        {
            return Utf8.IsValid(inner) ? Encoding.UTF8.GetString(inner) : throw Unreadable(field, "not UTF-8");
        }

        var json = new Utf8JsonReader(Raw(field));
        json.Read();
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Unreadable(field, "not UTF-8, or half of a surrogate pair");
        }
    }

    private string Quote(EventField field) => Raw(field) switch
    {
        [(byte)'{', ..] => "an object",
        [(byte)'[', ..] => "an array",
        [(byte)'"', ..] => $"\"{ShortText.Of(Text(field)!, ShortText.Quoted)}\"",
        var raw => ShortText.Of(Encoding.UTF8.GetString(raw), ShortText.Quoted),
    };

    /// <returns>Whether it came to the end.</returns>
    private static bool Find(ref Utf8JsonReader json, EventField[] fields, ref Places places, bool headOnly)
    {
        var expected = 0;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var field = FieldOf(json, fields, ref expected);
            if (headOnly && (field == EventField.Record || field == EventField.Detail))
            {
                return false;
            }

            json.Read();
            var start = (int)json.TokenStartIndex;
            if (field is { Members.Length: > 0 } && json.TokenType == JsonTokenType.StartObject)
            {
                Find(ref json, field.Members, ref places, headOnly: false);
            }
            else
            {
                json.Skip();
            }

            if (field is not null)
            {
                places[field.Index] = new Place(start, (int)json.BytesConsumed);
            }
        }

        return true;
    }

    /// <summary>Mostly the member that is written after the one before.</summary>
    private static EventField? FieldOf(in Utf8JsonReader json, EventField[] fields, ref int expected)
    {
        var name = json.ValueSpan;
        for (var tried = 0; tried < fields.Length; tried++)
        {
            var field = fields[expected];
            expected = expected + 1 == fields.Length ? 0 : expected + 1;
            if (json.ValueIsEscaped ? json.ValueTextEquals(field.Utf8) : name.SequenceEqual(field.Utf8))
            {
                return field;
            }
        }

        return null;
    }

    private readonly record struct Place(int Start, int End);

    [InlineArray(Length)]
    private struct Places
    {
        public const int Length = 153;

        private Place first;
    }
}

/// <summary>How much of a message is kept, so that nobody takes a part of it for the whole.</summary>
public static class KeptPart
{
    private static readonly string Cut = Words.Of(Anomalies.Truncated).Single();

    /// <returns>Null where all of it is kept, else what is missing, in words.</returns>
    public static string? Missing(in EventView view)
    {
        var kept = view.Raw(EventField.Record).Length;
        if (kept == 0)
        {
            return "nothing of it is kept, or can be read";
        }

        var redacted = view.Texts(EventField.Redacted).ToList();
        if (redacted.Count == 0 && !view.Texts(EventField.Anomalies).Contains(Cut))
        {
            return null;
        }

        var sent = view.Number(EventField.Bytes) is { } bytes ? $"{bytes} bytes were sent" : "not all of it is kept";
        return string.Create(CultureInfo.InvariantCulture, $"{sent}; the record that is kept has {kept} bytes")
            + (redacted.Count == 0 ? "" : $"; redacted: {string.Join(", ", redacted)}");
    }
}
