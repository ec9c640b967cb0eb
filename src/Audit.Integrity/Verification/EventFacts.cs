using System.Text;
using System.Text.Json;
using Audit.Integrity.Rows;

namespace Audit.Integrity.Verification;

/// <summary>What completeness asks of an event, read from what stands before the record: the record itself is not parsed.</summary>
internal struct EventFacts
{
    private const int MaxDepth = 128;

    private static readonly byte[] CallPrefix = "call."u8.ToArray();
    private static readonly byte[] NoteManifest = Encoding.UTF8.GetBytes(EventNames.ManifestOf(EventNames.SessionNoted));
    private static readonly byte[] Rejudged = Encoding.UTF8.GetBytes(EventNames.ManifestOf(EventNames.CallRejudged));
    private static readonly byte[] Flooded = Encoding.UTF8.GetBytes(EventNames.ManifestOf(EventNames.CallFlooded));

    private static readonly Dictionary<string, CallState>.AlternateLookup<ReadOnlySpan<char>> States =
        Words.AllStates.Select((name, index) => (name, State: (CallState)index))
            .ToDictionary(pair => pair.name, pair => pair.State)
            .GetAlternateLookup<ReadOnlySpan<char>>();

    public bool IsCall;
    public bool IsNote;

    /// <summary>It should say something and cannot be read.</summary>
    public bool IsUnreadable;

    /// <summary>The state after a call's message, if it says one.</summary>
    public CallState? State;

    /// <summary>The order of the call's messages is not that of its rows: only folding them all tells where it stands.</summary>
    public bool IsReordered;

    /// <summary>Messages of the call were only counted and have no rows.</summary>
    public bool IsFlooded;

    public SessionTurn Turn;

    /// <summary>The host's own number.</summary>
    public long? Seq;

    /// <summary>Where the host's name lies in the message.</summary>
    public int HostStart;
    public int HostLength;

    public static EventFacts Of(RowBatch batch, int index)
    {
        var facts = default(EventFacts);
        ref readonly var row = ref batch[index];
        var manifest = batch.Manifest(index);
        if (row.Identifier != JournalTable.SerializerId || row.Deleted)
        {
            return facts;
        }

        facts.IsCall = manifest.StartsWith(CallPrefix);
        facts.IsNote = manifest.SequenceEqual(NoteManifest);
        if (!facts.IsCall && !facts.IsNote)
        {
            return facts;
        }

        facts.IsReordered = manifest.SequenceEqual(Rejudged);
        facts.IsFlooded = manifest.SequenceEqual(Flooded);
        try
        {
            facts.Read(batch.Message(index));
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            facts.IsUnreadable = true;
        }
        return facts;
    }

    private void Read(ReadOnlySpan<byte> message)
    {
        var json = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = MaxDepth });
        CallState? from = null, to = null;
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException();
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            // The writer puts the record and the detail last, and they are by far the largest.
            if (json.ValueTextEquals("record"u8) || json.ValueTextEquals("detail"u8))
            {
                break;
            }

            if (json.ValueTextEquals("from"u8))
            {
                from = ReadState(ref json);
            }
            else if (json.ValueTextEquals("to"u8))
            {
                to = ReadState(ref json);
            }
            else if (json.ValueTextEquals("seq"u8))
            {
                Seq = json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var seq) ? seq : null;
            }
            else if (json.ValueTextEquals("host"u8))
            {
                ReadHost(ref json);
            }
            else if (json.ValueTextEquals("late"u8))
            {
                IsReordered |= json.Read() && json.TokenType == JsonTokenType.True;
            }
            else if (IsNote && json.ValueTextEquals("type"u8))
            {
                Turn = json.Read() && json.TokenType == JsonTokenType.String ? SessionTurns.Of(json.ValueSpan) : SessionTurn.None;
            }
            else
            {
                SkipValue(ref json);
            }
        }
        // A violation leaves the call where it was.
        State = IsCall ? to ?? from : null;
    }

    private void ReadHost(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.String)
        {
            return;
        }

        HostStart = (int)json.TokenStartIndex + 1;
        HostLength = json.ValueSpan.Length;
    }

    private static CallState? ReadState(ref Utf8JsonReader json)
    {
        json.Read();
        Span<char> word = stackalloc char[32];
        if (json.TokenType != JsonTokenType.String || json.ValueSpan.Length > word.Length)
        {
            return null;
        }

        var length = json.CopyString(word);
        return States.TryGetValue(word[..length], out var state) ? state : null;
    }

    private static void SkipValue(ref Utf8JsonReader json)
    {
        json.Read();
        json.Skip();
    }
}
