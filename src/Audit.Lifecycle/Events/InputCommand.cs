namespace Audit.Lifecycle.Events;

/// <summary>What a tool is asked to do, as every list of commands shows it.</summary>
public static class InputCommand
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = EventView.MaxDepth };

    /// <summary>The members that say it, whatever else an input holds; the one that says most first.</summary>
    private static readonly string[] Names =
    [
        "command", "cmd", "sql", "query", "statement", "script", "fullCommandText", "path", "file_path", "url",
        "pattern",
    ];

    /// <param name="input">The JSON of a tool's input, if it has any.</param>
    /// <returns>A text in UTF-8: such a member's, or else the input itself; empty where there is none.</returns>
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> input)
    {
        if (input is [] or [(byte)'n', ..])
        {
            return default;
        }

        var json = new Utf8JsonReader(input, Options);
        json.Read();
        var text = json.TokenType == JsonTokenType.String ? input : default;
        var isEscaped = json.ValueIsEscaped;
        if (json.TokenType == JsonTokenType.StartObject)
        {
            var rank = Names.Length;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var index = RankOf(json, rank);
                json.Read();
                if (index < rank && json.TokenType == JsonTokenType.String && !json.ValueSpan.IsEmpty)
                {
                    text = input[(int)json.TokenStartIndex..(int)json.BytesConsumed];
                    isEscaped = json.ValueIsEscaped;
                    rank = index;
                }

                json.Skip();
            }
        }

        return text.IsEmpty ? input
            : isEscaped ? Encoding.UTF8.GetBytes(JsonSerializer.Deserialize<string>(text)!)
            : text[1..^1];
    }

    /// <summary>
    /// The place of the member's name among those that say more than the best one found, else that one's.
    /// </summary>
    private static int RankOf(in Utf8JsonReader json, int best)
    {
        for (var index = 0; index < best; index++)
        {
            if (json.ValueTextEquals(Names[index]))
            {
                return index;
            }
        }

        return best;
    }
}
