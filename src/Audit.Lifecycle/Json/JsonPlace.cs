namespace Audit.Lifecycle.Json;

/// <summary>Says in words where in a JSON text a byte lies: `record.outcome.documents[2].data`.</summary>
internal static class JsonPlace
{
    /// <summary>
    /// Only ever asked about a text that is being refused, so that reading it once more costs nobody.
    /// </summary>
    public static string At(ReadOnlySpan<byte> source, int position)
    {
        var path = PathTo(source, position);
        return path.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"byte {position}") : path;
    }

    /// <summary>The path of the value that begins at the position; empty for the whole text.</summary>
    public static string PathTo(ReadOnlySpan<byte> source, int position)
    {
        var open = new Stack<Frame>();
        var json = new Utf8JsonReader(source, new JsonReaderOptions { MaxDepth = StrictJsonReader.MaxDepth + 8 });
        try
        {
            while (json.Read() && json.TokenStartIndex <= position)
            {
                Follow(open, ref json, json.TokenStartIndex < position);
            }
        }
        catch (JsonException)
        {
            // The place of a text that is not JSON is as far as it could be followed.
        }

        return Describe(open);
    }

    private static void Follow(Stack<Frame> open, ref Utf8JsonReader json, bool goOn)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.PropertyName:
                open.Peek().Name = NameOf(ref json);
                return;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                open.Pop();
                return;
        }

        if (open.TryPeek(out var holder) && holder.IsArray)
        {
            holder.Index++;
        }

        if (goOn && json.TokenType is (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            open.Push(new Frame { IsArray = json.TokenType == JsonTokenType.StartArray });
        }
    }

    private static string NameOf(ref Utf8JsonReader json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(json.ValueSpan);
        }
    }

    private static string Describe(Stack<Frame> open)
    {
        var place = new StringBuilder();
        foreach (var frame in open.Reverse())
        {
            if (frame.IsArray && frame.Index >= 0)
            {
                place.Append('[').Append(frame.Index).Append(']');
            }
            else if (frame.Name is not null)
            {
                place.Append(place.Length > 0 ? "." : "").Append(frame.Name);
            }
        }

        return place.ToString();
    }

    private sealed class Frame
    {
        public bool IsArray { get; init; }

        public int Index { get; set; } = -1;

        public string? Name { get; set; }
    }
}
