using System.Text.Json;

namespace Audit.Api.Reading;

/// <summary>What an event says of itself, as far as a filter or a bound token asks.</summary>
internal readonly record struct RowFacts(string? Session, string? Task, string? Agent, string? Tool)
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = StrictJsonReader.MaxDepth + 8 };

    public static RowFacts Read(ReadOnlySpan<byte> message)
    {
        var json = new Utf8JsonReader(message, Options);
        string? session = null, task = null, agent = null, tool = null;
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("session_id"u8))
            {
                session = ReadText(ref json);
            }
            else if (json.ValueTextEquals("task_id"u8))
            {
                task = ReadText(ref json);
            }
            else if (json.ValueTextEquals("agent"u8))
            {
                agent = ReadText(ref json);
            }
            else if (json.ValueTextEquals("terms"u8))
            {
                json.Read();
                (task, agent) = ReadTerms(ref json);
            }
            else if (json.ValueTextEquals("record"u8))
            {
                json.Read();
                tool = ReadTool(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        return new RowFacts(session, task, agent, tool);
    }

    private static (string? Task, string? Agent) ReadTerms(ref Utf8JsonReader json)
    {
        string? task = null, agent = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("task_id"u8))
            {
                task = ReadText(ref json);
            }
            else if (json.ValueTextEquals("agent"u8))
            {
                agent = ReadText(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        return (task, agent);
    }

    private static string? ReadTool(ref Utf8JsonReader json)
    {
        string? tool = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("tool_name"u8))
            {
                tool = ReadText(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        return tool;
    }

    private static string? ReadText(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.String)
        {
            return json.GetString();
        }

        json.Skip();
        return null;
    }
}
