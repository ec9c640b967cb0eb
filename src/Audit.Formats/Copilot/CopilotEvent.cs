using System.Text.Json;

namespace Audit.Formats.Copilot;

/// <summary>The envelope of a Copilot session event.</summary>
internal readonly record struct CopilotEvent(string Type, string? Id, string? Time, JsonElement Data)
{
    public const string Format = "copilot";

    public static CopilotEvent Read(JsonElement happened)
    {
        var type = happened.RequireText("type");
        // The last line that the command line program prints has its members beside the type.
        var data = type == "result" ? happened : happened.RequireObject("data");
        return new CopilotEvent(type, happened.Text("id"), happened.Time("timestamp"), data);
    }

    public string Require(string name) => Data.RequireText(name, "data");
}
