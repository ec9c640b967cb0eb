namespace Audit.Node.CommandLine.Hosts;

internal enum McpKind
{
    Request,
    Notification,
    Response,
}

/// <summary>
/// One message of JSON-RPC, read so strictly that no two readers of it can find two messages: one object, no member
/// twice or unknown, an id that every number keeps.
/// </summary>
internal sealed class McpMessage
{
    public const string ToolsCall = "tools/call";

    /// <summary>A double keeps so many digits, and more ids than that nobody counts.</summary>
    private const int MostDigits = 15;

    private const int LongestId = 1024;

    private const int MostDepthOfGuess = 10_000;

    private Range id, content;

    private McpMessage(ReadOnlyMemory<byte> bytes) => Bytes = bytes;

    public ReadOnlyMemory<byte> Bytes { get; }

    public McpKind Kind { get; private set; }

    public string Method { get; private set; } = "";

    /// <summary>The id as it is written, and empty where there is none.</summary>
    public ReadOnlyMemory<byte> Id => Bytes[id];

    /// <summary>By this the id is compared, however it is written.</summary>
    public string IdKey { get; private set; } = "";

    /// <summary>The answer is an error of the protocol.</summary>
    public bool IsError { get; private set; }

    /// <summary>The parameters, the result or the error.</summary>
    public JsonElement Content => content.Equals(default)
        ? default
        : JsonElement.Parse(Bytes.Span[content], new JsonDocumentOptions { MaxDepth = StrictJsonReader.MaxDepth + 2 });

    /// <exception cref="UnreadableException">It is no such message; the sentence says where.</exception>
    public static McpMessage Read(ReadOnlyMemory<byte> bytes)
    {
        var message = new McpMessage(bytes);
        var json = new StrictJsonReader(bytes.Span);
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw json.Unreadable("a message of JSON-RPC is one object, and batches are not passed on");
        }

        var members = new HashSet<string>();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString();
            members.Add(name);
            json.Read();
            message.ReadMember(ref json, name);
        }

        message.IsError = members.Contains("error");
        message.Kind = (members.Contains("method"), members.Contains("id"), members.Contains("result"),
            message.IsError, members.Contains("params")) switch
        {
            (true, true, false, false, _) => McpKind.Request,
            (true, false, false, false, _) => McpKind.Notification,
            (false, true, true, false, false) or (false, true, false, true, false) => McpKind.Response,
            _ => throw new UnreadableException("", "neither a request, a notification nor an answer of JSON-RPC"),
        };
        if (!members.Contains("jsonrpc"))
        {
            throw new UnreadableException("jsonrpc", "missing; expected is \"2.0\"");
        }

        return json.Read() ? throw json.Unreadable("there is more behind the message") : message;
    }

    /// <summary>The id of what is not passed on, as far as it can be guessed, so that who waits hears of it.</summary>
    public static McpMessage? Guess(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            // Also of what is nested too deep to be passed on.
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MostDepthOfGuess });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("id", out var id))
            {
                return null;
            }

            return Read(HostJson.Write(json =>
            {
                json.WriteString("jsonrpc"u8, "2.0"u8);
                json.WritePropertyName("id"u8);
                id.WriteTo(json);
                json.WriteNull("result"u8);
            }));
        }
        catch (Exception failure) when (failure is JsonException or UnreadableException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The id in the beginning of a message, as ids are compared; null where it does not stand there.</summary>
    public static string? GuessIdOfBeginning(ReadOnlySpan<byte> beginning)
    {
        try
        {
            var json = new Utf8JsonReader(beginning, isFinalBlock: false, default);
            while (json.Read())
            {
                if (json.CurrentDepth == 1 && json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals("id"u8))
                {
                    return !json.Read() ? null
                        : json.TokenType == JsonTokenType.String ? '"' + json.GetString()!
                        : json.TokenType == JsonTokenType.Number ? Encoding.ASCII.GetString(json.ValueSpan)
                        : null;
                }
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // It is no message either.
        }

        return null;
    }

    private void ReadMember(ref StrictJsonReader json, string name)
    {
        var start = json.TokenStart;
        switch (name)
        {
            case "jsonrpc":
                json.RequireString();
                if (json.GetString() != "2.0")
                {
                    throw json.Unreadable("expected is \"2.0\"");
                }

                break;
            case "id":
                IdKey = KeyOf(ref json);
                id = start..json.TokenEnd;
                break;
            case "method":
                json.RequireString();
                Method = json.GetString();
                if (Method != ToolsCall && Method.Trim().Equals(ToolsCall, StringComparison.OrdinalIgnoreCase))
                {
                    throw json.Unreadable("a method that some would take for tools/call and others not");
                }

                break;
            case "params" or "error" when json.TokenType != JsonTokenType.StartObject:
                throw json.Unreadable($"an object is expected, not {json.Quote()}");
            case "params" or "result" or "error":
                json.Skip();
                content = start..json.TokenEnd;
                break;
            default:
                throw json.Unreadable("no member of JSON-RPC");
        }
    }

    private static string KeyOf(ref StrictJsonReader json)
    {
        if (json.TokenType == JsonTokenType.String)
        {
            var text = json.GetString();
            return text.Length <= LongestId ? '"' + text : throw json.Unreadable("an id of more than 1,024 letters");
        }

        var number = json.ValueSpan;
        var digits = number.StartsWith("-"u8) ? number[1..] : number;
        return json.TokenType == JsonTokenType.Number && digits.Length <= MostDigits
            && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9') && !number.SequenceEqual("-0"u8)
            ? Encoding.ASCII.GetString(number)
            : throw json.Unreadable("an id is a string, or a whole number of at most 15 digits");
    }
}
