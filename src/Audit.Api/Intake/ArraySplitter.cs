namespace Audit.Api.Intake;

/// <summary>
/// Cuts a JSON array into its items by structure alone: strings and brackets. What stands in an item is judged item by
/// item, so that one bad item does not spoil the others; here only what cannot be split is refused.
/// </summary>
internal ref struct ArraySplitter(ReadOnlySpan<byte> body)
{
    private readonly ReadOnlySpan<byte> body = body;
    private int at;

    /// <returns>Null when the body is an array, else the sentence that says where it stops being one.</returns>
    public string? Split(List<RawItem> items)
    {
        SkipSpace();
        at++;
        SkipSpace();
        if (Current == ']')
        {
            at++;
            return RefuseRest();
        }

        while (true)
        {
            var start = at;
            if (!SkipValue())
            {
                return Refuse(start, "an item of the array is expected here, or it has no end");
            }

            items.Add(new RawItem(start, at - start));
            if (items.Count > IntakeLimits.ArrayItems)
            {
                return $"The array has more than {IntakeLimits.ArrayItems} items; send more as NDJSON.";
            }

            SkipSpace();
            if (Current == ']')
            {
                at++;
                return RefuseRest();
            }

            if (Current != ',')
            {
                return Refuse(at, "a comma or the end of the array is expected here");
            }

            at++;
            SkipSpace();
        }
    }

    private readonly int Current => at < body.Length ? body[at] : -1;

    private string? RefuseRest()
    {
        SkipSpace();
        return at == body.Length ? null : Refuse(at, "there is more behind the end of the array");
    }

    private void SkipSpace()
    {
        while (Current is ' ' or '\t' or '\r' or '\n')
        {
            at++;
        }
    }

    private bool SkipValue()
    {
        switch (Current)
        {
            case '"':
                return SkipString();
            case '{' or '[':
                return SkipNested();
            default:
                var end = body[at..].IndexOfAny(",] \t\r\n"u8);
                at += Math.Max(end, 0);
                return end > 0;
        }
    }

    private bool SkipNested()
    {
        var depth = 0L;
        while (true)
        {
            var next = body[at..].IndexOfAny("\"{}[]"u8);
            if (next < 0)
            {
                return false;
            }

            at += next;
            if (body[at] == '"')
            {
                if (!SkipString())
                {
                    return false;
                }

                continue;
            }

            depth += body[at] is (byte)'{' or (byte)'[' ? 1 : -1;
            at++;
            if (depth == 0)
            {
                return true;
            }
        }
    }

    private bool SkipString()
    {
        at++;
        while (true)
        {
            var next = body[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (next < 0)
            {
                return false;
            }

            var isEnd = body[at + next] == '"';
            at = Math.Min(body.Length, at + next + (isEnd ? 1 : 2));
            if (isEnd)
            {
                return true;
            }
        }
    }

    private readonly string Refuse(int place, string sentence)
    {
        var line = body[..place].Count((byte)'\n') + 1;
        var what = at >= body.Length && place >= body.Length ? "the body ends" : "the body is no JSON array";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"At byte {place} (line {line}) {what}: {sentence}. Nothing of it was taken.");
    }
}
