// Python's interpreter: let go of while a network runs, taken now and then, taken back at the end.
// Only bindings include this.
#pragma once

#include <Python.h>

#include <chrono>
#include <exception>
#include <thread>

namespace annconv {

// Whether the interpreter shuts down: nobody but the thread that ends it gets it any more.
inline bool interpreter_ends() {
#if PY_VERSION_HEX >= 0x030D0000
    return Py_IsFinalizing() != 0;
#else
    return _Py_IsFinalizing() != 0;
#endif
}

// Python before 3.14 ends a thread that asks for the interpreter while it shuts down. That unwinds
// the thread's stack by force: past parallel regions and destructors that nothing may leave, and
// with the loss of what other threads are using. Where such an end comes by while `passed` is
// false, the thread stops here for as long as the process lives, as it does in later versions
// anyway.
struct StopsHere {
    bool passed = false;
    ~StopsHere() {
        while (!passed) std::this_thread::sleep_for(std::chrono::hours(1));
    }
};

// The interpreter as seen by a thread that has let it go.
class Interpreter {
   public:
    Interpreter() : state_(PyEval_SaveThread()) {}
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    // Takes it for the time in which `work` runs. False where it shuts down, else what `work` says.
    // Nothing that `work` calls into Python may have objects with destructors on its way there.
    template <class Work>
    bool held(Work&& work) {
        if (interpreter_ends()) return false;
        StopsHere here;
        std::exception_ptr error;
        bool answer = false;
        PyEval_RestoreThread(state_);
        try {
            answer = work();
        } catch (const std::exception&) {
            error = std::current_exception();
        }
        state_ = PyEval_SaveThread();
        here.passed = true;
        if (error) std::rethrow_exception(error);
        return answer;
    }

    void take_back() {
        StopsHere here;
        PyEval_RestoreThread(state_);
        here.passed = true;
    }

   private:
    PyThreadState* state_;
};

// Runs `work(interpreter)` without the interpreter. What it throws is thrown again once the
// interpreter is back; it comes back here and in no destructor, as it may not come at all.
template <class Work>
void without_interpreter(Work&& work) {
    Interpreter interpreter;
    std::exception_ptr error;
    try {
        work(interpreter);
    } catch (const std::exception&) {
        error = std::current_exception();
    }
    interpreter.take_back();
    if (error) std::rethrow_exception(error);
}

// What a module's function of initialisation makes, in the main interpreter; elsewhere an
// ImportError. Asked before pybind11 starts, which would wait in a subinterpreter for the main one.
inline PyObject* made_in_main_interpreter(PyObject* (*initialise)()) {
    if (PyInterpreterState_Get() == PyInterpreterState_Main()) return initialise();
    PyErr_SetString(PyExc_ImportError,
                    "networks run in Python's main interpreter, not in a subinterpreter");
    return nullptr;
}

}  // namespace annconv
