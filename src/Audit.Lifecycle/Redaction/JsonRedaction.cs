using System.Text.Encodings.Web;

namespace Audit.Lifecycle.Redaction;

/// <summary>
/// Goes through a JSON text once and writes only the strings anew that hold a secret; all else stays as it was sent.
/// </summary>
internal ref struct JsonRedaction
{
    private const int MaxDepth = 128;

    /// <summary>How far ahead a value's name is looked for, so that a text costs its length.</summary>
    private const int MostAhead = 64, LongestNeighbour = 16;

    /// <summary>Texts within texts within texts; what is deeper is looked through as a text.</summary>
    private const int MostNested = 4;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth, AllowMultipleValues = true };

    private readonly Redactor redactor;
    private readonly ReadOnlySpan<byte> source;
    private readonly SortedSet<string> marks;
    private readonly int depth;
    private readonly Stack<Holder> holders = new();
    private Utf8JsonReader json;
    private ArrayBufferWriter<byte>? output;
    private int copied;

    private JsonRedaction(Redactor redactor, ReadOnlySpan<byte> source, SortedSet<string> marks, int depth)
    {
        this.redactor = redactor;
        this.source = source;
        this.marks = marks;
        this.depth = depth;
        json = new Utf8JsonReader(source, Options);
    }

    /// <param name="marks">Takes the names of the rules that find something.</param>
    /// <returns>Null where nothing was found.</returns>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static byte[]? Of(Redactor redactor, ReadOnlySpan<byte> json, SortedSet<string> marks, int depth) =>
        new JsonRedaction(redactor, json, marks, depth).Run();

    private byte[]? Run()
    {
        var holder = new Holder();
        while (json.Read())
        {
            switch (json.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    holders.Push(holder);
                    holder = Within(holder);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    holder = holders.Pop();
                    break;
                case JsonTokenType.PropertyName:
                    Take(ref holder, isName: true);
                    break;
                case JsonTokenType.String:
                    Take(ref holder, isName: false);
                    break;
                case JsonTokenType.Number when holder.Name.IsStrong && holder.Name.Rule == RuleNames.Password:
                    WriteValue(redactor.Replacement(json.ValueSpan, holder.Name.Rule), holder.Name.Rule);
                    break;
            }
        }

        if (output is null)
        {
            return null;
        }

        output.Write(source[copied..]);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>What is listed under a name is what it speaks of.</summary>
    private readonly Holder Within(Holder outer)
    {
        if (json.TokenType == JsonTokenType.StartObject)
        {
            return new Holder { Given = outer.Name };
        }

        var program = outer.WantsProgram ? Behind(Holder.IsProgram) : outer.IsArray ? null : outer.Program;
        return new Holder { IsArray = true, Name = outer.Name, Program = program };
    }

    /// <summary>A string further on in the same object, of a member that is named so.</summary>
    private readonly string? Behind(Func<ReadOnlySpan<char>, bool> isNamed)
    {
        var ahead = json;
        var depth = json.TokenType == JsonTokenType.StartArray ? 1 : 0;
        Span<char> name = stackalloc char[LongestNeighbour];
        for (var tokens = 0; tokens < MostAhead && ahead.Read(); tokens++)
        {
            depth += ahead.TokenType switch
            {
                JsonTokenType.StartObject or JsonTokenType.StartArray => 1,
                JsonTokenType.EndObject or JsonTokenType.EndArray => -1,
                _ => 0,
            };
            if (depth < 0)
            {
                return null;
            }

            if (depth == 0 && ahead.TokenType == JsonTokenType.PropertyName && ahead.ValueSpan.Length <= name.Length
                && isNamed(name[..Encoding.Latin1.GetChars(ahead.ValueSpan, name)])
                && ahead.Read() && ahead.TokenType == JsonTokenType.String)
            {
                return Encoding.Latin1.GetString(ahead.ValueSpan[..Math.Min(ahead.ValueSpan.Length, 256)]);
            }
        }

        return null;
    }

    private void Take(ref Holder holder, bool isName)
    {
        var raw = json.ValueSpan;
        var scratch = Scratch.Rent();
        try
        {
            var bytes = raw;
            if (json.ValueIsEscaped)
            {
                var unescaped = new byte[raw.Length];
                bytes = unescaped.AsSpan(0, json.CopyString(unescaped));
            }

            var text = scratch.Widen(bytes);
            if (!isName && holder.WantsName && Behind(Holder.IsNaming) is { } name)
            {
                holder.Learn(SecretName.Find(name));
            }

            if (isName)
            {
                Write(redactor.Text(bytes, marks), isName);
                holder.Enter(text);
            }
            else
            {
                Write(Value(ref holder, text, bytes), isName);
            }
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair in a text within a text: there is no such string, and nobody reads one of it.
            Write(redactor.Text(raw, marks), isName);
        }
        finally
        {
            scratch.Return();
        }
    }

    /// <returns>Null where the string stays.</returns>
    private readonly byte[]? Value(ref Holder holder, ReadOnlySpan<char> text, ReadOnlySpan<byte> bytes)
    {
        var name = holder.Follow(text);
        if (holder.IsInKey || name.Covers(text))
        {
            var rule = holder.IsInKey ? RuleNames.PrivateKey : name.Rule;
            holder.IsInKey &= !PrivateKeys.EndsKey(text);
            return Whole(text, bytes, rule);
        }

        if (holder.Secret is { Start.Value: > 0 } part && redactor.Rules.IsOn(RuleNames.CommandPassword))
        {
            marks.Add(RuleNames.CommandPassword);
            return
            [
                .. bytes[..part.Start.Value], .. redactor.Replacement(bytes[part], RuleNames.CommandPassword),
                .. bytes[part.End..],
            ];
        }

        holder.IsInKey = holder.IsArray && redactor.Rules.IsOn(RuleNames.PrivateKey)
            && PrivateKeys.LeavesKeyOpen(text);
        return Nested(text, bytes) is { WasJson: true } nested ? nested.Bytes : Mixed(text, bytes);
    }

    private readonly byte[]? Whole(ReadOnlySpan<char> text, ReadOnlySpan<byte> bytes, string rule)
    {
        if (bytes.IsEmpty || !redactor.Rules.IsOn(rule))
        {
            return null;
        }

        // `Basic …`, `session=…`: how it is written is no secret.
        var scheme = rule switch
        {
            RuleNames.Authorization => text.IndexOf(' ') + 1,
            RuleNames.Cookie => text.IndexOf('=') + 1,
            _ => 0,
        };
        if (scheme == bytes.Length)
        {
            return null;
        }

        marks.Add(rule);
        return [.. bytes[..scheme], .. redactor.Replacement(bytes[scheme..], rule)];
    }

    /// <summary>A text around JSON: `refused: {"args": […]}`.</summary>
    private readonly byte[]? Mixed(ReadOnlySpan<char> text, ReadOnlySpan<byte> bytes)
    {
        var start = text.IndexOfAny('{', '[');
        var end = start < 0 ? -1 : text.LastIndexOfAny('}', ']') + 1;
        if (end > start + 2 && Nested(text[start..end], bytes[start..end]) is { WasJson: true, Bytes: { } inner })
        {
            byte[] all = [.. bytes[..start], .. inner, .. bytes[end..]];
            return redactor.Text(all, marks) ?? all;
        }

        return redactor.Text(bytes, marks);
    }

    /// <summary>A string that holds JSON is read as such, with the names and escapes that stand in it.</summary>
    private readonly (bool WasJson, byte[]? Bytes) Nested(ReadOnlySpan<char> text, ReadOnlySpan<byte> bytes)
    {
        var inner = text.Trim(" \t\r\n");
        var mayBe = depth < MostNested && inner.Length > 2 && (inner[0], inner[^1]) switch
        {
            ('{', '}') => inner[1..].TrimStart(" \t\r\n")[0] == '"',
            ('[', ']') => inner[1..].TrimStart(" \t\r\n")[0] is '{' or '[' or '"',
            ('"', '"') => true,
            _ => false,
        };
        if (!mayBe || (redactor.Rules.Own.Count == 0 && !Triggers.All.MayHoldSecret(bytes)))
        {
            return default;
        }

        var found = new SortedSet<string>(StringComparer.Ordinal);
        try
        {
            var redacted = Of(redactor, bytes, found, depth + 1);
            marks.UnionWith(found);
            return (true, redacted);
        }
        catch (JsonException)
        {
            // It only looked like JSON.
            return default;
        }
    }

    private void Write(byte[]? redacted, bool isName)
    {
        if (redacted is null)
        {
            return;
        }

        var encoded = json.ValueIsEscaped || redacted.AsSpan().ContainsAny((byte)'"', (byte)'\\')
            || redacted.AsSpan().ContainsAnyInRange<byte>(0, 31);
        var output = Begin();
        output.Write("\""u8);
        output.Write(encoded
            ? JsonEncodedText.Encode(redacted, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes
            : redacted);
        output.Write("\""u8);
        copied = isName ? (int)json.TokenStartIndex + json.ValueSpan.Length + 2 : (int)json.BytesConsumed;
    }

    private void WriteValue(byte[] replacement, string rule)
    {
        if (redactor.Rules.IsOn(rule))
        {
            marks.Add(rule);
            Begin().Write([(byte)'"', .. replacement, (byte)'"']);
            copied = (int)json.BytesConsumed;
        }
    }

    private ArrayBufferWriter<byte> Begin()
    {
        output ??= new ArrayBufferWriter<byte>(source.Length + 256);
        output.Write(source[copied..(int)json.TokenStartIndex]);
        return output;
    }
}
