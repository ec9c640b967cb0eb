namespace Audit.Engine.Intake;

/// <summary>What the head of an item that is too large says of whose it is.</summary>
internal sealed class OversizedItem
{
    private readonly Dictionary<string, string> names = [];

    public static OversizedItem Identify(ReadOnlySpan<byte> head)
    {
        var item = new OversizedItem();
        var json = new Utf8JsonReader(head, isFinalBlock: false, new JsonReaderState());
        var isInRecord = false;
        try
        {
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth > 2)
                {
                    continue;
                }

                isInRecord = json.CurrentDepth == 1 ? json.ValueTextEquals("record"u8) : isInRecord;
                item.Note(ref json, isInRecord);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // What was found before the head stopped being JSON still says whose item this is.
        }

        return item;
    }

    /// <exception cref="UnreadableException">The head does not say enough, or what the sender may not say.</exception>
    public CallSubmission ToSubmission(long length, Fingerprint whole, ItemDefaults defaults)
    {
        var named = names.GetValueOrDefault("session_id") ?? defaults.SessionId;
        var session = Required("session_id", named, Ids.MaxBytes, isSession: true);
        var call = Required("tool_call_id", names.GetValueOrDefault("tool_call_id"), Ids.MaxCallBytes);
        var delivery = new Delivery
        {
            ReceivedAt = defaults.ReceivedAt,
            TaskId = Envelope.Bound(
                Optional("task_id", Ids.MaxBytes) ?? defaults.TaskId, defaults.Bounds.Tasks, "task_id"),
            Token = defaults.Token,
            Parent = Optional("parent", Ids.MaxCallBytes),
            MessageId = Optional("message_id", Ids.MaxMessageIdBytes),
            Dedup = whole,
        };
        var agent = Envelope.Bound(Optional("agent", Ids.MaxBytes) ?? defaults.Agent, defaults.Bounds.Agents, "agent");
        var message = CallMessage.Oversized(length, delivery);
        return new CallSubmission(new SessionName(defaults.Source, session), call, agent, message, default)
        {
            Bounds = defaults.Bounds,
        };
    }

    private void Note(ref Utf8JsonReader json, bool isInRecord)
    {
        var isCall = (json.CurrentDepth == 1 || isInRecord) && json.ValueTextEquals("tool_call_id"u8);
        var isEnvelope = json.CurrentDepth == 1
            && (json.ValueTextEquals("session_id"u8) || json.ValueTextEquals("task_id"u8)
                || json.ValueTextEquals("agent"u8) || json.ValueTextEquals("parent"u8)
                || json.ValueTextEquals("message_id"u8));
        if (!isCall && !isEnvelope)
        {
            return;
        }

        var name = json.GetString()!;
        if (json.Read() && json.TokenType == JsonTokenType.String)
        {
            names[name] = json.GetString()!;
        }
    }

    private string? Optional(string name, int maxBytes) =>
        names.TryGetValue(name, out var id) ? Required(name, id, maxBytes) : null;

    private static string Required(string name, string? id, int maxBytes, bool isSession = false)
    {
        var refusal = id is null ? "not found" : Ids.Refuse(id, maxBytes, isSession);
        return refusal is null ? id! : throw new UnreadableException(name, refusal);
    }
}
