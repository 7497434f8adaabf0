@echo off
rem The one task runner on Windows: finds Python and hands over to packaging\bootstrap.py.
cd /d "%~dp0"
where py >nul 2>nul
if %errorlevel%==0 (
    py -3 packaging\bootstrap.py %*
) else (
    python packaging\bootstrap.py %*
)
exit /b %errorlevel%
