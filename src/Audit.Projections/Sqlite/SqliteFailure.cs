namespace Audit.Projections.Sqlite;

/// <summary>What SQLite answered when a call failed.</summary>
internal sealed class SqliteFailure(int code, string message) : Exception($"SQLite error {code}: {message}");
