using System.Text.Json;

namespace Audit.Api.Reading;

/// <summary>Writes a task as the API shows it.</summary>
internal static class TaskJson
{
    public static void Write(Utf8JsonWriter json, TaskModel task)
    {
        json.WriteStartObject();
        WriteMembers(json, task);
        json.WriteEndObject();
    }

    public static void WriteMembers(Utf8JsonWriter json, TaskModel task)
    {
        json.WriteString("task_id", task.TaskId);
        json.WriteTexts("agents", task.Agents.Names);
        json.WriteNumber("windows_count", task.Windows);
        json.WriteNumber("calls_count", task.Calls);
        json.WriteNumber("open_calls", task.OpenCalls);
        json.WriteNumber("violations", task.Violations);
        json.WriteJudged(task.Judged);
        json.WriteTime("first_at", task.FirstAt);
        json.WriteTime("last_at", task.LastAt);
        json.WriteNumber("position", task.Id);
        json.WriteNumber("last_position", task.LastPosition);
    }
}
